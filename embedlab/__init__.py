"""Build an embedding search engine step by step: the package that the notebooks import.

The names below can be imported from here; each loads its module only when it is asked for, so that
``import embedlab`` is quick and loads neither torch nor transformers.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedlab.embedder import Embedder as Embedder
    from embedlab.notebook import show as show
    from embedlab.notebook import use_style as use_style
    from embedlab.search import SearchEngine as SearchEngine
    from embedlab.study.exercises import check as check
    from embedlab.study.notebook_quiz import quiz as quiz

_HOMES = {
    "Embedder": "embedlab.embedder",
    "SearchEngine": "embedlab.search",
    "check": "embedlab.study.exercises",
    "quiz": "embedlab.study.notebook_quiz",
    "show": "embedlab.notebook",
    "use_style": "embedlab.notebook",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'embedlab' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
