"""Search by words (BM25), and the fusion of several rankings."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "analyzers": ["ANALYZERS", "code_words", "stemmed"],
        "bm25": ["BM25Index", "idf"],
        "fusion": ["Ranking", "convex", "reciprocal_rank"],
    },
)
