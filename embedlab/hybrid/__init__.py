"""Search by words (BM25), and the fusion of several rankings."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bm25": ["ANALYZERS", "BM25Index", "code_words", "idf", "stemmed"],
        "fusion": ["Ranking", "convex", "reciprocal_rank"],
    },
)
