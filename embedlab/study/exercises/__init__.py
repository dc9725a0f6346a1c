"""Exercises that check themselves: the checker, its diagnosis, and one file of exercises a chapter."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checker": ["check", "exercises", "hint", "mine", "solution"],
        "trial": ["brief", "call", "difference", "does_nothing", "within"],
    },
)
