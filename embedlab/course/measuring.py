"""Quality query by query, handed on to the notebooks with the other tools of the page."""

from embedlab.benchmark import quality

__all__ = ["quality"]
