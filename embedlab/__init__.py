"""Build an embedding search engine step by step: the package that the notebooks import.

Each chapter is a room of this package. The names below can be imported from here; each loads its module only
when it is asked for, so that ``import embedlab`` is quick and loads neither torch nor transformers.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "embedder": ["Embedder"],
        "engine": ["SearchEngine"],
        "course": ["show", "use_style"],
        "study.exercises": ["check"],
        "study.faces": ["design_round", "quiz"],
    },
)
