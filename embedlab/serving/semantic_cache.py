"""A cache of answers: by the same question, by one that is near, and what makes an entry wrong.

An entry is right for one model, one state of the documents, and one question. The first two stand in its key
or its versions and can be known; whether another question is the same question only looks so (`paraphrases`).
"""

from __future__ import annotations

import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedlab.pooling import l2_normalize

Floats = NDArray[np.float32]
Key = tuple[str, str, str]


def normalised(text: str) -> str:
    """Return a question as the exact key has it: one form of Unicode, small letters, single spaces.

    The full stop or question mark at its end goes, too. Nothing else: "C++" and "C" are two questions.

    Examples
    --------
    >>> normalised("  How do I read\\ta CSV?  "), normalised("C++") == normalised("C")
    ('how do i read a csv', False)
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(" ?.!")


def exact_key(text: str, *, model: str, version: str, tenant: str = "") -> Key:
    """Return the key of a question: another model, other documents or another tenant is another key.

    A version in the key invalidates without deleting: what nobody asks for any more falls out by age. One
    version for all documents is the simplest rule and the most wasteful, as one edit empties the cache; see
    `touched` for the other way.

    Examples
    --------
    >>> exact_key("A?", model="m", version="1") == exact_key("a", model="m", version="1")
    True
    >>> exact_key("A?", model="m", version="1") == exact_key("a", model="m", version="2")
    False
    """
    return f"{tenant}\0{model}", version, normalised(text)


@dataclass(frozen=True)
class Entry:
    """An answer that is kept.

    Attributes
    ----------
    key : (str, str, str)
        Tenant and model, version, question.
    answer : object
    cites : frozenset of str
        The documents that it is made of.
    vector : float32 array (d,), of length 1
        Of the question.
    until : float
        When it expires, in seconds of the cache's clock.
    """

    key: Key
    answer: Any
    cites: frozenset[str]
    vector: Floats
    until: float


def touched(entries: Iterable[Entry], changed: Iterable[str]) -> list[Key]:
    """Return the keys of the entries that cite a document that was changed or deleted.

    What this cannot find: an entry that *should* cite a document that is new or was rewritten. Only a time to
    live, or a search for each entry against the new document, ends those.

    Examples
    --------
    >>> vector = np.float32([1, 0])
    >>> entries = [Entry(("m", "1", "a"), 1, frozenset("xy"), vector, 9.0)]
    >>> touched(entries, ["y"]), touched(entries, ["z"])
    ([('m', '1', 'a')], [])
    """
    changed = set(changed)
    return [entry.key for entry in entries if not changed.isdisjoint(entry.cites)]


def nearest(vectors: Floats, query: Floats, threshold: float) -> int | None:
    """Return the row of the nearest vector if its cosine is at least the threshold, else None.

    Examples
    --------
    >>> vectors = np.float32([[1, 0], [0, 1]])
    >>> nearest(vectors, np.float32([0.6, 0.8]), 0.75), nearest(vectors, np.float32([0.6, 0.8]), 0.9)
    (1, None)
    """
    if not len(vectors):
        return None
    cosines = vectors @ query
    best = int(cosines.argmax())
    return best if cosines[best] >= threshold else None


class SemanticCache:
    """Answers by exact key, then by the nearest question of the same model, version and tenant.

    Parameters
    ----------
    size : int
        Entries; beyond it, the one that was used longest ago goes.
    threshold : float
        Cosine from which a question is taken for another; above 1 only exact keys count.
    ttl : float
        Seconds that an entry lives.
    check : callable, optional
        ``check(stored, asked) -> bool``: a second opinion on a near hit, of normalised questions.
    clock : callable

    Examples
    --------
    >>> cache = SemanticCache(size=2, threshold=0.9, ttl=60, clock=lambda: 0.0)
    >>> cache.put("How do I read a CSV?", "read_csv", np.float32([1, 0]), model="m", version="1")
    >>> cache.get("how do i read a csv", np.float32([1, 0]), model="m", version="1")
    ('read_csv', 'exact')
    >>> cache.get("How is a CSV read?", np.float32([1, 0.1]), model="m", version="1")
    ('read_csv', 'near')
    >>> print(cache.get("How is a CSV read?", np.float32([1, 0.1]), model="m", version="2"))
    None
    """

    def __init__(
        self,
        *,
        size: int = 1000,
        threshold: float = 0.95,
        ttl: float = 3600.0,
        check: Callable[[str, str], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        if size < 1 or not ttl > 0:
            raise ValueError(f"need room for an entry and time to live, but got size {size}, ttl {ttl}")
        self.size, self.threshold, self.ttl, self.check, self.clock = size, threshold, ttl, check, clock
        self._entries: OrderedDict[Key, Entry] = OrderedDict()  # least recently used first

    def __len__(self) -> int:
        return len(self._entries)

    def get(
        self, text: str, vector: Floats | None = None, *, model: str, version: str, tenant: str = ""
    ) -> tuple[Any, str] | None:
        """Return (answer, "exact" or "near"), or None. Without a vector, only the exact key is looked up.

        A near hit scans the entries: at 1,000 of 384 dimensions that is less than embedding the question.
        """
        self._expire()
        key = exact_key(text, model=model, version=version, tenant=tenant)
        if key in self._entries:
            return self._used(key), "exact"
        if vector is None:
            return None
        # Other tenants' questions must not even be compared: a near hit would hand their answer over.
        same = [entry for entry in self._entries.values() if entry.key[:2] == key[:2]]
        vectors = np.stack([entry.vector for entry in same]) if same else np.empty((0, len(vector)))
        row = nearest(vectors, l2_normalize(vector), self.threshold)
        if row is None or (self.check and not self.check(same[row].key[2], key[2])):
            return None
        return self._used(same[row].key), "near"

    def put(
        self,
        text: str,
        answer: Any,
        vector: Floats,
        *,
        model: str,
        version: str,
        tenant: str = "",
        cites: Iterable[str] = (),
    ) -> None:
        """Keep an answer. Errors and "not found" are the caller's to leave out."""
        key = exact_key(text, model=model, version=version, tenant=tenant)
        until = self.clock() + self.ttl
        self._entries[key] = Entry(key, answer, frozenset(cites), l2_normalize(vector), until)
        self._entries.move_to_end(key)
        while len(self._entries) > self.size:
            self._entries.popitem(last=False)

    def invalidate(self, changed: Iterable[str]) -> int:
        """Drop the entries that cite changed documents: how many they were."""
        keys = touched(self._entries.values(), changed)
        for key in keys:
            del self._entries[key]
        return len(keys)

    def _used(self, key: Key) -> Any:
        self._entries.move_to_end(key)
        return self._entries[key].answer

    def _expire(self) -> None:
        now = self.clock()
        for key in [key for key, entry in self._entries.items() if entry.until <= now]:
            del self._entries[key]
