"""Long texts in pieces that can be found: splitters, headings, late chunking, and how to judge them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cuts": ["at_sentences", "between", "headings_of", "paths"],
        "experiments": ["Study"],
        "late": ["headings_line", "home", "late_vectors", "windows", "with_headings"],
        "maxp": ["WAYS", "best_passages", "docstring_chunks", "docstring_counts", "docstring_ranking"],
        "passages": ["KINDS", "Passages", "Query", "passages"],
        "reading": ["Reading", "chunk_id", "found", "fresh", "gains", "lifted", "read", "span_ndcg"],
        "setups": ["SETUPS", "SIZES", "Setup"],
        "shipping": ["ship"],
        "splitters": [
            "SPLITTERS",
            "chunk",
            "docstrings",
            "fixed",
            "recursive",
            "sections",
            "semantic",
            "sentences",
        ],
        "words": ["Chunk", "Words"],
    },
)
