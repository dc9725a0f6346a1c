"""Vectors in real databases: PostgreSQL with pgvector, LanceDB, and shards of an index."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={},
)
