"""Draw the picture of README.md: one real query on its way through the engine.

python tools/draw_pipeline.py
"""

from pathlib import Path

from embedlab.benchmark import docsearch
from embedlab.course import draw, trace
from embedlab.engine import SearchEngine

OUT = Path(__file__).parents[1] / "docs" / "pipeline.png"

if __name__ == "__main__":
    benchmark = docsearch()
    engine = SearchEngine.build(benchmark.documents, benchmark.doc_ids)
    OUT.parent.mkdir(exist_ok=True)
    draw(trace(engine, "fill in missing values"), len(engine.ids)).savefig(OUT, dpi=150)
    print(f"{OUT.name}: {OUT.stat().st_size / 1000:.0f} kB")
