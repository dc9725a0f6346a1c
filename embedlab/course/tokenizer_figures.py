"""The drawings of chapter 01: text to ids, BPE's merges as a tree, WordPiece's search for pieces."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from embedlab.tokenizer import WordPieceTokenizer, merge, normalise, pre_tokenize, wordpiece

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#B0B0B0", "#222222"
LETTER = {"ha": "center", "va": "center", "family": "monospace"}


def draw_pieces(sentence: str, tokenizer: WordPieceTokenizer) -> Figure:
    """Draw one sentence on its way to ids: text, normalised, words, pieces, row numbers.

    Examples
    --------
    >>> figure = draw_pieces("Embeddings?", WordPieceTokenizer.load())
    >>> plt.close(figure)
    """
    words = pre_tokenize(normalise(sentence))
    figure, axes = plt.subplots(figsize=(8.6, 3.1))
    rows = {"text": 4.1, "normalised": 3.2, "words": 2.2, "pieces": 1.2, "ids": 0.4}
    for name, y in rows.items():
        axes.text(-0.3, y, name, ha="right", va="center", weight="bold")
    axes.text(0, rows["text"], sentence, va="center", family="monospace")
    axes.text(0, rows["normalised"], normalise(sentence), va="center", family="monospace")
    x = 0.0
    for i, word in enumerate(words):
        parts = wordpiece(word, tokenizer.vocabulary)
        box = {"boxstyle": "round,pad=0.25", "facecolor": (f"C{i}", 0.3), "edgecolor": f"C{i}"}
        middle = x + sum(0.22 * len(part) + 0.3 for part in parts) / 2 - 0.15
        axes.text(middle, rows["words"], word, bbox=box, **LETTER)
        for part in parts:
            width = 0.22 * len(part)
            axes.text(x + width / 2, rows["pieces"], part, bbox=box, **LETTER)
            axes.text(x + width / 2, rows["ids"], tokenizer.vocabulary[part], fontsize=9, **LETTER)
            x += width + 0.3
    axes.set(xlim=(-1.9, x), ylim=(0, 4.6))
    axes.set_axis_off()
    return figure


def draw_longest_match(word: str, vocabulary: Mapping[str, int]) -> Figure:
    """Draw WordPiece's search: a row for each piece that is looked up, blue where the vocabulary has it.

    Examples
    --------
    >>> figure = draw_longest_match("abc", {"ab": 0, "##c": 1})
    >>> [text.get_text() for text in figure.axes[0].texts][-1]
    '##c: id 1'
    >>> plt.close(figure)
    """
    tries, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            tries.append((start, end, piece, piece in vocabulary))
            if piece in vocabulary:
                break
        else:
            break
        start = end
    figure, axes = plt.subplots(figsize=(8.6, 0.9 + 0.24 * len(tries)))
    for x, letter in enumerate(word):
        axes.text(x + 0.5, -0.9, letter, fontsize=12, **LETTER)
    for y, (begin, end, piece, found) in enumerate(tries):
        colour = BLUE if found else GREY
        axes.barh(y, end - begin - 0.1, left=begin + 0.05, height=0.62, color=colour)
        note = f"{piece}: id {vocabulary[piece]}" if found else f"{piece}: no"
        style = {"color": INK if found else "#6A6A6A", "weight": "bold" if found else "normal"}
        axes.text(len(word) + 0.4, y, note, va="center", family="monospace", fontsize=9, **style)
    axes.set(xlim=(-0.2, len(word) + 5), ylim=(len(tries) - 0.3, -1.5))
    axes.set_ylabel("look-ups, in order")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    return figure


def draw_merge_tree(text: str, merges: Mapping[tuple[int, int], int], ax: Axes | None = None) -> Axes:
    """Draw how BPE encodes one part: bytes below, a bracket for each merge, tokens on top.

    The number at a bracket is the merge's place in the order of learning: merges are made in that order.

    Examples
    --------
    >>> axes = draw_merge_tree("aab", {(97, 98): 256, (97, 256): 257})
    >>> plt.close(axes.figure)
    """
    ax = ax or plt.subplots(figsize=(8.6, 5.2))[1]
    names = {i: bytes([i]) for i in range(256)}
    for (left, right), new in merges.items():
        names[new] = names[left] + names[right]
    ids = list(text.encode())
    places = [(x + 0.5, 0) for x in range(len(ids))]  # where each token stands: (x, height)
    for (x, y), i in zip(places, ids, strict=True):
        ax.text(x, y, _shown(names[i]), fontsize=12, **LETTER)
    height = 0
    while known := [pair for pair in pairwise(ids) if pair in merges]:
        best = min(known, key=merges.get)
        height += 1
        ids, places = _merged(ax, ids, places, best, merges, names, height)
    for (x, y), i in zip(places, ids, strict=True):
        box = {"boxstyle": "round,pad=0.3", "facecolor": "#CFE3F0", "edgecolor": BLUE}
        ax.plot([x, x], [y + 0.45, height + 1.0], color=GREY, lw=1, zorder=0)
        ax.text(x, height + 1.45, f"{_shown(names[i])}\nid {i}", fontsize=10, bbox=box, **LETTER)
    ax.set(xlim=(0, len(text.encode())), ylim=(-0.6, height + 2.2), ylabel="round")
    ax.set_yticks(range(height + 1), ["bytes", *range(1, height + 1)])
    ax.set_xticks([])
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    return ax


def _merged(
    ax: Axes,
    ids: Sequence[int],
    places: list[tuple[float, float]],
    pair: tuple[int, int],
    merges: Mapping,
    names: Mapping[int, bytes],
    height: int,
) -> tuple[list[int], list[tuple[float, float]]]:
    """Merge one pair everywhere, and draw a bracket for each; return the new tokens and where they stand."""
    new, above, i = merges[pair], [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            (x0, y0), (x1, y1) = places[i : i + 2]
            ax.plot(
                [x0, x0, x1, x1], [y0 + 0.42, height - 0.3, height - 0.3, y1 + 0.42], color=ORANGE, lw=1.4
            )
            label = f"{_shown(names[new])}"
            middle = (x0 + x1) / 2
            ax.text(middle, height + 0.1, label, fontsize=11, **LETTER)
            ax.text(
                middle, height - 0.42, f"merge {new - 255}", fontsize=7.5, color=ORANGE, ha="center", va="top"
            )
            above.append((middle, height))
            i += 2
        else:
            above.append(places[i])
            i += 1
    return merge(ids, pair, new), above


def _shown(token: bytes) -> str:
    return token.decode("utf-8", "replace").replace(" ", "␣")
