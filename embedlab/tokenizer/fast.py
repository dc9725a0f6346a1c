"""The two encoders again, without their slow case: a heap for BPE's merges, a trie for WordPiece's pieces.

`apply_merges` scans the whole part once for each merge, `wordpiece` tries every end of every piece: both are
quadratic in the length of a word. For words that does not matter; a text without spaces is one long word.
"""

import heapq
from collections.abc import Iterable, Sequence

from embedlab.tokenizer.bpe import Pair


def apply_merges_heap(ids: Sequence[int], merges: dict[Pair, int]) -> list[int]:
    """Do what `apply_merges` does, in O(n log n): pairs wait in a heap, tokens are a linked list.

    A merge changes only the pairs on its two sides. Entries of the heap whose pair is gone are skipped.

    Examples
    --------
    >>> apply_merges_heap([97, 97, 98], {(97, 98): 256, (97, 256): 257})
    [257]
    """
    ids = list(ids)
    following = [*range(1, len(ids)), -1]  # position -> that of the next token; -1 at the end
    before = list(range(-1, len(ids) - 1))
    heap: list[tuple[int, int, Pair]] = []  # (id of the merged token, position of the left one, the pair)

    def wait(i: int) -> None:
        j = following[i]
        if j >= 0 and (ids[i], ids[j]) in merges:
            heapq.heappush(heap, (merges[ids[i], ids[j]], i, (ids[i], ids[j])))

    for i in range(len(ids) - 1):
        wait(i)
    while heap:
        new, i, pair = heapq.heappop(heap)
        j = following[i]
        if j < 0 or (ids[i], ids[j]) != pair:
            continue  # one of the two was merged with another
        ids[i], ids[j] = new, -1
        following[i] = following[j]
        if following[j] >= 0:
            before[following[j]] = i
        if before[i] >= 0:
            wait(before[i])
        wait(i)
    return [token for token in ids if token >= 0]


class Trie:
    """The pieces of a vocabulary as a tree of characters: the longest match is one walk down.

    Examples
    --------
    >>> trie = Trie(["em", "##bed", "##ding", "##dings", "##s"])
    >>> trie.wordpiece("embeddings")
    ['em', '##bed', '##dings']
    """

    END = ""  # the key under which a node says which piece ends there; no character is empty

    def __init__(self, pieces: Iterable[str]):
        self.first, self.inside = {}, {}  # pieces that begin a word, and those behind "##"
        for piece in pieces:
            inside = piece.startswith("##") and len(piece) > 2
            node = self.inside if inside else self.first
            for char in piece[2:] if inside else piece:
                node = node.setdefault(char, {})
            node[self.END] = piece

    def longest(self, word: str, start: int) -> str:
        """Return the longest piece that fits from ``start`` on, or "": no more steps than it is long."""
        node, found = self.inside if start else self.first, ""
        for i in range(start, len(word)):
            if word[i] not in node:
                break
            node = node[word[i]]
            found = node.get(self.END, found)
        return found

    def wordpiece(self, word: str, *, unknown: str = "[UNK]") -> list[str]:
        """Cut a word as `wordpiece` does, but of any length."""
        pieces, start = [], 0
        while start < len(word):
            piece = self.longest(word, start)
            if not piece:
                return [unknown]
            pieces.append(piece)
            start += len(piece) - 2 * (start > 0)
        return pieces
