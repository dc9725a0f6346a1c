"""Packages that only a part of the course needs."""

from importlib import import_module
from types import ModuleType

INSTALL = "pip install -c constraints.txt -e '.[production]'"


def needs(module: str) -> ModuleType:
    """Import a module of the extra ``production``, or say how to get it.

    Raises
    ------
    ImportError
        If it is not installed.

    Examples
    --------
    >>> needs("json").dumps([1])
    '[1]'
    >>> needs("a_package_that_nobody_has")
    Traceback (most recent call last):
    ImportError: this needs a_package_that_nobody_has: pip install -c constraints.txt -e '.[production]'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:  # it is there, and lacks something itself
            raise
        raise ImportError(f"this needs {module.split('.')[0]}: {INSTALL}") from None
