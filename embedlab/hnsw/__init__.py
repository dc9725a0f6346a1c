"""Approximate search through a graph of neighbours."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "index": ["HNSWIndex"],
        "storage": ["draw_levels"],
    },
)
