"""Approximate search through a graph of neighbours: `plain` to read, `graph` compiled, `index` around it.

`storage` holds what an index consists of, `mapped` searches it in its file.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"experiments"},
    submod_attrs={
        "graph": ["TOP"],
        "index": ["HNSWIndex"],
        "plain": ["PlainHNSW", "search_layer", "select_neighbours"],
        "storage": ["draw_levels"],
    },
)
