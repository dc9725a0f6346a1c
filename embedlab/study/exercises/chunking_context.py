"""Exercises of chapter 10: what a chunk knows of the text around it, by its headings and by late chunking."""

import re

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

HEADING = re.compile(r"(#{1,6}) (.+)")


def _pages(rng: np.random.Generator) -> list[tuple]:
    """List pages as lines: none, no heading, one, levels down, up and skipped; then drawn ones."""
    cases = [
        [],
        ["text"],
        ["# A"],
        ["# A", "text"],
        ["text", "# A"],
        ["# A", "## B"],
        ["# A", "# B"],
        ["## A", "# B"],
        ["#no", "text"],
        ["# A", "## B", "# C"],
        ["# A", "### B", "## C"],
        ["# A", "### B", "### C"],
        ["# A", "", "## B", "text", "## C", "text"],
    ]
    for n in (4, 5, 6, 8, 10, 12, 16):
        levels = rng.integers(0, 5, n).tolist()  # 0: no heading
        cases.append([f"{'#' * level} T{i}" if level else f"text {i}" for i, level in enumerate(levels)])
    return [(lines,) for lines in cases]


def _spans(rng: np.random.Generator) -> list[tuple]:
    """List (hidden, first, last): one token, all tokens, the start, the end; then drawn spans."""
    sizes = [(1, 0, 1, 2), (2, 0, 1, 2), (2, 1, 2, 2), (2, 0, 2, 2), (3, 0, 3, 2), (3, 1, 3, 2), (4, 1, 3, 3)]
    sizes += [(5, 0, 2, 3), (6, 3, 6, 4), (8, 2, 6, 4), (12, 5, 6, 3), (12, 4, 10, 8)]
    cases = []
    for tokens, first, last, d in sizes:
        hidden = rng.integers(1, 10, (tokens + 2, d)) * rng.choice([-1, 1], d)  # [CLS], tokens, [SEP]
        cases.append((hidden.astype(np.float32), first, last))
    return cases


def heading_path(lines):
    """Name the headings above each line of a Markdown page.

    Parameters
    ----------
    lines : list of str

    Returns
    -------
    list of tuple of str
        For each line the titles, the highest level first; a heading is among its own.

    Examples
    --------
    >>> heading_path(["# Albedo", "text", "### Snow", "## Water"])
    [('Albedo',), ('Albedo',), ('Albedo', 'Snow'), ('Albedo', 'Water')]
    """
    above, paths = [], []
    for line in lines:
        if heading := HEADING.match(line):
            level = len(heading[1])
            above = [one for one in above if one[0] < level] + [(level, heading[2].strip())]
        paths.append(tuple(title for _, title in above))
    return paths


def pool_span(hidden, first, last):
    """Return the vector of one chunk in late chunking.

    Parameters
    ----------
    hidden : float32 array (tokens, d)
        Of the whole text in one pass: ``[CLS]``, the text's tokens, ``[SEP]``.
    first, last : int
        The chunk's tokens in the text, from the first to behind the last; at least one.

    Returns
    -------
    float32 array (d,), of length 1

    Examples
    --------
    >>> hidden = np.array([[9, 9], [3, 0], [0, 0], [0, 4], [9, 9]], np.float32)
    >>> pool_span(hidden, 0, 2)
    array([1., 0.], dtype=float32)
    """
    mean = hidden[first + 1 : last + 1].mean(axis=0)
    return mean / np.linalg.norm(mean)


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _titled(lines):
    """Yield for each line its level, 0 if it is no heading, and its title."""
    for line in lines:
        heading = HEADING.match(line)
        yield (len(heading[1]), heading[2]) if heading else (0, "")


def _deeper_kept(lines):
    above, paths = {}, []
    for level, title in _titled(lines):
        if level:
            above[level] = title
        paths.append(tuple(above[i] for i in sorted(above)))
    return paths


def _level_as_place(lines):
    above, paths = [], []
    for level, title in _titled(lines):
        if level:
            above = [*above[: level - 1], title]
        paths.append(tuple(above))
    return paths


def _filled_up(lines):
    above, paths = [], []
    for level, title in _titled(lines):
        if level:
            above = [*above[: level - 1], *[""] * (level - 1 - len(above)), title]
        paths.append(tuple(above))
    return paths


def _without_itself(lines):
    pairs = zip(heading_path(lines), _titled(lines), strict=True)
    return [path[:-1] if level else path for path, (level, _) in pairs]


def _all_above(lines):
    above, paths = (), []
    for level, title in _titled(lines):
        above += (title,) if level else ()
        paths.append(above)
    return paths


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


EXERCISES = (
    Exercise(
        name="heading_path",
        chapter="10_chunking",
        task="Name the headings above each line of a Markdown page. lines is a list of str; a heading is a "
        "line that begins with one to six # and a space, its level is their number, its title the rest, "
        "stripped. Return a list with a tuple of str for each line: the titles it stands under, the highest "
        "level first, a heading itself included. A heading ends all those of its level and of deeper ones; "
        "levels may be skipped. No lines give [].",
        reference="embedlab.study.exercises.chunking_context:heading_path",
        cases=_pages,
        hints=(
            "Keep the open headings with their levels, as a list of (level, title).",
            "A new heading of level n closes every open one of level n or more, then opens itself.",
            "re.match(r'(#{1,6}) (.+)', line) finds both: len(found[1]) is the level, found[2] the title.",
        ),
        mistakes=(
            Mistake(
                "deeper headings kept",
                "A higher heading ends all deeper ones: '## Use' does not reach beyond the next '# ...'.",
                _deeper_kept,
            ),
            Mistake(
                "only the last heading",
                "'Example' alone says little: keep the headings above it, too.",
                lambda lines: [path[-1:] for path in heading_path(lines)],
            ),
            Mistake(
                "a skipped level",
                "Below '# A', '### B' is the second title of its path, but its level is 3. Compare levels, "
                "not places in the path.",
                _level_as_place,
            ),
            Mistake(
                "a skipped level filled up", "There is no title for a level that is skipped.", _filled_up
            ),
            Mistake(
                "a heading without itself",
                "Open the heading before you note the path of its line.",
                _without_itself,
            ),
            Mistake(
                "all headings so far", "A new heading closes those of its level and deeper ones.", _all_above
            ),
        ),
        follow_up="In a block of code, '# load the data' is a comment. How do you keep it out of the path, "
        "and what do you do with a page whose headings are only bold text?",
    ),
    Exercise(
        name="pool_span",
        chapter="10_chunking",
        task="Pool one chunk in late chunking. hidden, float32 (tokens + 2, d), holds the vectors of a "
        "whole text read in one pass, with [CLS] in row 0 and [SEP] in the last row; the chunk is the "
        "tokens first to last - 1 of the text (int, first < last). Return the mean of their vectors divided "
        "by its length, float32 (d,); it is never zero.",
        reference="embedlab.study.exercises.chunking_context:pool_span",
        cases=_spans,
        hints=(
            "Token 0 of the text is not in row 0: [CLS] is.",
            "A slice ends before its second number: last - first rows are wanted.",
            "Mean over axis 0 first, then divide by np.linalg.norm.",
        ),
        mistakes=(
            Mistake(
                "off by one: [CLS] shifts all",
                "Row 0 is [CLS], so token i of the text is row i + 1.",
                lambda hidden, first, last: _unit(hidden[first:last].mean(axis=0)),
            ),
            Mistake(
                "one row too many",
                "last is behind the last token: its row belongs to the next chunk, or to [SEP].",
                lambda hidden, first, last: _unit(hidden[first + 1 : last + 2].mean(axis=0)),
            ),
            Mistake(
                "not normalised",
                "Divide the mean by its length, so that a dot product is a cosine.",
                lambda hidden, first, last: hidden[first + 1 : last + 1].mean(axis=0),
            ),
            Mistake(
                "the mean of all tokens",
                "All chunks of a text would get the same vector: only the rows of this one.",
                lambda hidden, first, last: _unit(hidden.mean(axis=0)),
            ),
            Mistake(
                "normalised before the mean",
                "A mean of unit vectors is shorter than 1: normalise in the end.",
                lambda hidden, first, last: _unit(hidden[first + 1 : last + 1]).mean(axis=0),
            ),
            Mistake(
                "each token normalised as well",
                "Token vectors keep their lengths in the mean, as in the model's own pooling.",
                lambda hidden, first, last: _unit(_unit(hidden[first + 1 : last + 1]).mean(axis=0)),
            ),
        ),
        follow_up="The text is longer than the model can read in one pass. What do you do, and which chunks "
        "suffer?",
    ),
)
