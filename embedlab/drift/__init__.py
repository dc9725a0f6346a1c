"""When the model, the index or the queries change: which made what, moving without downtime, noticing it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={},
)
