"""Unigram, the model of SentencePiece's default: the most probable of all ways to cut a text (Kudo 2018).

Each piece has a probability. That of a segmentation is the product over its pieces, as if they did not depend
on each other; `viterbi` finds the best one. Training starts with far too many pieces, and drops those whose
loss costs the likelihood of the text least.
"""

import math

PENALTY = 10.0  # a character that no piece has counts as so much less probable than the least probable piece


def viterbi(text: str, scores: dict[str, float]) -> list[str]:
    """Cut a text into the pieces whose log probabilities have the largest sum.

    ``best[end]`` is the best way to cut the first ``end`` characters: the best over all last pieces. With
    pieces of at most m characters that takes n * m steps.

    Parameters
    ----------
    text : str
    scores : dict
        Piece to log probability. A character that no piece has can be a piece of its own, at a high price.

    Examples
    --------
    >>> scores = {"h": -4, "u": -4, "g": -4, "hu": -3, "ug": -2.5, "hug": -6, "s": -4}
    >>> viterbi("hugs", scores)
    ['hug', 's']
    >>> viterbi("hugs", scores | {"hug": -7})
    ['h', 'ug', 's']
    """
    longest = max(map(len, scores), default=1)
    unknown = min(scores.values(), default=0.0) - PENALTY
    best = [0.0] + [-math.inf] * len(text)
    begin = [0] * (len(text) + 1)  # where the last piece of the best way begins
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            score = scores.get(text[start:end], unknown if start == end - 1 else -math.inf)
            if best[start] + score > best[end]:
                best[end], begin[end] = best[start] + score, start
    pieces, end = [], len(text)
    while end:
        pieces.append(text[begin[end] : end])
        end = begin[end]
    return pieces[::-1]


def byte_pieces(text: str) -> list[str]:
    """Spell a text in the 256 pieces that stand for bytes: what byte fallback puts for an unknown character.

    Examples
    --------
    >>> byte_pieces("é")
    ['<0xC3>', '<0xA9>']
    """
    return [f"<0x{byte:02X}>" for byte in text.encode("utf-8", "surrogatepass")]
