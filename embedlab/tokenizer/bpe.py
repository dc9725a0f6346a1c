"""Byte-level byte pair encoding, as GPT-2 has it: trained from text, and never at a loss for a token.

Start from the 256 bytes, which can spell any text. Then merge, again and again, the pair of neighbouring
tokens that occurs most often (Sennrich et al. 2016, section 3.2; Radford et al. 2019, section 2.2).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import regex  # the standard library's re does not know \p{L}, "any letter"

# Merges stay within such a part: a word with the space before it, digits, punctuation, or white space.
PART = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
Pair = tuple[int, int]


def merge(ids: Sequence[int], pair: Pair, new: int) -> list[int]:
    """Replace every occurrence of a pair by the new token, from left to right.

    Examples
    --------
    >>> merge([1, 2, 3, 1, 2], (1, 2), 256)
    [256, 3, 256]
    """
    merged: list[int] = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def learn_merges(words: dict[str, int], vocab_size: int) -> dict[Pair, int]:
    """Find the merges, the most frequent pair first; of equally frequent ones the smaller pair of ids.

    Counting all pairs anew for each merge would take hours on a few megabytes. A merge changes only the words
    that hold the pair, so only their pairs are counted again.

    Parameters
    ----------
    words : dict
        Parts of the text, with how often each occurs.
    vocab_size : int
        Tokens in the end, the 256 bytes included; fewer where the text runs out of pairs.

    Returns
    -------
    dict
        Pair of ids to the id of the token that it becomes, in the order of the merges.

    Examples
    --------
    >>> learn_merges({"aab": 3, "ab": 2}, 258)
    {(97, 98): 256, (97, 256): 257}
    """
    ids = [_bytes(word) for word in words]
    times = list(words.values())
    counts: Counter[Pair] = Counter()
    places: dict[Pair, set[int]] = defaultdict(set)  # pair -> words that hold it, or once did
    for i, word in enumerate(ids):
        for pair in pairwise(word):
            counts[pair] += times[i]
            places[pair].add(i)
    merges: dict[Pair, int] = {}
    while len(merges) < vocab_size - 256 and counts:
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        new = merges[best] = 256 + len(merges)
        for i in places.pop(best):
            before = ids[i]
            ids[i] = after = merge(before, best, new)
            for pair in pairwise(before):
                counts[pair] -= times[i]
                if not counts[pair]:
                    del counts[pair]
            for pair in pairwise(after):
                counts[pair] += times[i]
                places[pair].add(i)
    return merges


def apply_merges(ids: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    """Encode one part: of the pairs that are there, merge the one that was learned first; repeat.

    Each round scans the whole part, so n tokens take up to n scans; `apply_merges_heap` needs one.

    Examples
    --------
    >>> apply_merges([97, 97, 98], {(97, 98): 256, (97, 256): 257})
    [257]
    """
    ids = list(ids)
    while len(ids) > 1:
        pair = min(pairwise(ids), key=lambda pair: merges.get(pair, math.inf))
        if pair not in merges:
            break
        ids = merge(ids, pair, merges[pair])
    return ids


class BytePairTokenizer:
    """A byte-level BPE tokenizer.

    Examples
    --------
    >>> tokenizer = BytePairTokenizer.train("low lower lowest low low", vocab_size=258)
    >>> tokenizer.tokenize("lowly")
    [b'low', b'l', b'y']
    >>> tokenizer.decode(tokenizer.encode("naïve 東京"))
    'naïve 東京'
    """

    def __init__(self, merges: dict[Pair, int]):
        self.merges = merges
        self.tokens = {i: bytes([i]) for i in range(256)}
        for (left, right), new in merges.items():
            self.tokens[new] = self.tokens[left] + self.tokens[right]
        self._ids: dict[str, list[int]] = {}  # parts seen

    @classmethod
    def train(cls, text: str, vocab_size: int) -> "BytePairTokenizer":
        """Learn the merges from a text.

        Raises
        ------
        ValueError
            If ``vocab_size`` has no room for the 256 bytes.
        """
        if vocab_size < 256:
            raise ValueError(f"vocab_size must be at least 256, one for each byte, but is {vocab_size}")
        return cls(learn_merges(Counter(PART.findall(text)), vocab_size))

    def encode(self, text: str) -> list[int]:
        """Turn any text into ids: in each part, the merge that was learned first goes first."""
        ids: list[int] = []
        for part in PART.findall(text):
            if part not in self._ids:
                self._ids[part] = apply_merges(_bytes(part), self.merges)
            ids += self._ids[part]
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Turn ids back into text; bytes that are no UTF-8 (a character cut in two) become U+FFFD.

        Raises
        ------
        ValueError
            If there is no token of such an id.
        """
        unknown = next((i for i in ids if i not in self.tokens), None)
        if unknown is not None:
            raise ValueError(f"no token has the id {unknown}; there are {len(self.tokens)}")
        data = b"".join(self.tokens[i] for i in ids)
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace")

    def tokenize(self, text: str) -> list[bytes]:
        """Return the bytes of each token of a text."""
        return [self.tokens[i] for i in self.encode(text)]


def _bytes(text: str) -> list[int]:
    # Half a surrogate pair is no character and has no UTF-8, but Python's strings may hold one.
    return list(text.encode("utf-8", "surrogatepass"))
