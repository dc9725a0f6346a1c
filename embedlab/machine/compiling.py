"""Functions that numba compiles once, and keeps on disk for later runs.

numba's own cache stops a program where a file was cut short (a full disk, a power cut), and where the folder
may not be written (an image that somebody else built). This one compiles anew instead.
"""

import builtins
import hashlib
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from numba import njit
from numba.core import event
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator
from numba.core.serialize import dumps

from embedlab.machine.cache import cache_file, content_key
from embedlab.machine.kernel_choice import KERNEL


# numba looks only at a function's own file to see whether what it compiled is still valid. The functions of a
# room are compiled into each other, and those of this room into all: a change of one makes all of them new.
@cache
def _folder_for(room: Path) -> Path:
    here = Path(__file__).parent
    sources = [here / "intrinsics.py", here / "kernels.py", *sorted(room.glob("*.py"))]
    return cache_file("compiled", content_key(*(source.read_bytes() for source in sources), KERNEL))


class _Place(UserProvidedCacheLocator):
    """Where a function is kept: in our cache, be it writable or not."""

    def __init__(self, function: Callable, file: str):
        self._py_file, self._lineno = file, function.__code__.co_firstlineno
        self._cache_path = str(_folder_for(Path(file).parent))

    @classmethod
    def from_function(cls, function: Callable, file: str) -> "_Place":
        return cls(function, file)


class _Checked(CompileResultCacheImpl):
    """Machine code with its hash: numbers that a power cut left as zeros must not be run."""

    _locator_classes = (_Place,)

    def reduce(self, result) -> tuple[bytes, bytes]:
        code = dumps(super().reduce(result))
        return hashlib.sha256(code).digest(), code

    def rebuild(self, target, stored: tuple[bytes, bytes]):
        digest, code = stored
        if hashlib.sha256(code).digest() != digest:
            raise ValueError("not what was written")
        return super().rebuild(target, pickle.loads(code))


class _Cache(FunctionCache):
    """Read what can be read, keep what can be kept; the rest is compiled in each process."""

    _impl_class = _Checked

    def load_overload(self, signature, target):
        try:
            return super().load_overload(signature, target)
        except Exception:  # pickle raises nearly anything where a file is damaged
            with suppress(OSError):
                self.flush()

    def save_overload(self, signature, result) -> None:
        with suppress(Exception):  # the folder may not be written; what is there may be damaged besides
            super().save_overload(signature, result)


def compiled(**options) -> Callable[[Callable], Callable]:
    """Decorate a function to be compiled at its first call, kept on disk, and run beside other threads."""

    def decorate(function: Callable) -> Callable:
        dispatcher = njit(nogil=True, **options)(function)
        with suppress(OSError):  # there is no cache, and none can be made
            dispatcher._cache = _Cache(function)
        return dispatcher

    return decorate


_said: list[bool] = []


class _Announcement(event.Listener):
    def on_start(self, _event: event.Event) -> None:
        if not _said:
            # Not among the results of a command, but plainly readable in a notebook.
            where = sys.stdout if hasattr(builtins, "__IPYTHON__") else sys.stderr
            print("compiling for this machine; once, later runs find it on the disk ...", file=where)
        _said.append(True)

    def on_end(self, _event: event.Event) -> None:
        pass


_ANNOUNCEMENT = _Announcement()


@contextmanager
def compiling_is_announced() -> Iterator[None]:
    """Say so, once, if code must be compiled within: that takes seconds. Later runs read it from the disk."""
    with event.install_listener("numba:compile", _ANNOUNCEMENT):
        yield
