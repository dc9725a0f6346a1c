"""What an attacker reads, changes or hides in a retrieval system, and what each defence costs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={},
)
