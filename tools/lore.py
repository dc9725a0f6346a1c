"""Make docs/lore.md from data/lore.yaml: what interview guides say, and what the chapters measured.

Run it after a change of the data: ``python tools/lore.py``.
"""

from collections import Counter
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
VERDICTS = {"true": "Holds", "depends": "Depends", "false": "Does not hold"}
FIELDS = ("id", "claim", "source", "verdict", "conditions", "chapter", "cell")


def claims() -> list[dict]:
    """Read the claims, in the order of the chapters."""
    return yaml.safe_load((ROOT / "data" / "lore.yaml").read_text(encoding="utf-8"))


def page(found: list[dict]) -> str:
    """Set the claims as a page."""
    counts = Counter(claim["verdict"] for claim in found)
    tally = f"{counts['true']} hold, {counts['depends']} depend on conditions, {counts['false']} do not hold"
    lines = [
        "# Interview lore, checked",
        "",
        "What guides, vendors and papers say about embeddings and retrieval, and what came out when this",
        "course measured it: one small model, one benchmark of docstrings, two CPU cores. A verdict is worth",
        "as much as its conditions; each names the cell that shows it: change them, and look again.",
        "",
        f"{len(found)} claims: {tally}.",
    ]
    chapter = None
    for claim in found:
        if claim["chapter"] != chapter:
            chapter = claim["chapter"]
            lines += ["", f"## [{chapter}](../notebooks/{chapter}.ipynb)"]
        source = claim["source"]
        name = f"[{source['title']}]({source['url']})" if source.get("url") else source["title"]
        quote = f": “{source['quote'].rstrip('.')}”" if source.get("quote") else ""
        lines += [
            "",
            f"**{claim['claim']}**  ",
            f"*{VERDICTS[claim['verdict']]}.* {claim['conditions']}  ",
            f"Said by {name}{quote}. Shown in the cell `{claim['cell']}`.",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    (ROOT / "docs" / "lore.md").write_text(page(claims()), encoding="utf-8")


if __name__ == "__main__":
    main()
