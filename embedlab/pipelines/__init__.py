"""Embedding what is stored, and what changes, exactly once in effect: queues, workers, change capture."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={},
)
