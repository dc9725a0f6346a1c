"""How study looks: in the terminal, and in a notebook."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "commands": ["app", "plain_errors"],
        "notebook_quiz": ["quiz"],
        "notebook_design": ["design_round"],
        "design_cases": ["hold_round", "list_cases", "read_case"],
    },
)
