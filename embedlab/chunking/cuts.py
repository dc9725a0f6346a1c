"""Where a text may be cut: at headings, paragraphs, lines, statements, sentences.

Each function returns the numbers of the words that begin a piece. A heading stays with what follows it: there
is never a cut right after one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import pairwise
from operator import itemgetter

from embedlab.chunking.words import Words

# "## Title" of Markdown, and "Title" above a line of "---" or "===", as in docstrings.
HEADING = re.compile(
    r"(?m)^(?:(?P<marks>#{1,6})[ \t]+(?P<title>[^\n]+)|(?P<under>[^\s|>#-][^\n]*)\n(?P<line>=+|-{3,})[ \t]*$)"
)
FENCE = re.compile(r"(?ms)^(?P<fence>```|~~~).*?(?:^(?P=fence)|\Z)")
LONGEST_LINE = 50_000  # characters: the time that sentencex takes for a line grows with its square
Heading = tuple[int, int, int, str]  # first character, behind its last, level, title


def headings_of(text: str) -> list[Heading]:
    """Find the headings of a text: (start, end, level, title) each; none inside fenced code.

    Examples
    --------
    >>> headings_of("Intro\\n\\n## Use\\n\\nText\\n\\nParameters\\n----------\\nx : int")
    [(7, 13, 2, 'Use'), (21, 42, 2, 'Parameters')]
    """
    fenced = [match.span() for match in FENCE.finditer(text)] if "```" in text or "~~~" in text else []
    found = []
    for match in HEADING.finditer(text):
        fence = bisect_right(fenced, match.start(), key=itemgetter(0)) - 1  # the last that begins before
        if fence >= 0 and match.start() < fenced[fence][1]:
            continue
        if match["marks"]:
            found.append((*match.span(), len(match["marks"]), match["title"].strip(" \t\r#")))
        else:
            found.append((*match.span(), 1 if match["line"][0] == "=" else 2, match["under"].strip()))
    return found


def paths(text: str, starts: list[int]) -> list[tuple[str, ...]]:
    """Return the headings above each of some ascending places, the widest first.

    Examples
    --------
    >>> paths("# A\\none\\n## B\\ntwo\\n# C\\nthree", [4, 12, 20])
    [('A',), ('A', 'B'), ('C',)]
    """
    above: list[tuple[int, str]] = []
    found, waiting = [], headings_of(text)
    for start in starts:
        while waiting and waiting[0][0] <= start:
            _, _, level, title = waiting.pop(0)
            above = [one for one in above if one[0] < level] + [(level, title)]
        found.append(tuple(title for _, title in above))
    return found


def content(text: str, starts: list[int]) -> list[int]:
    """Return where the text proper of some ascending places begins, behind the headings they begin with.

    Examples
    --------
    >>> content("# A\\n\\n## B\\n\\ntext", [0])
    [11]
    """
    behind = {start: end for start, end, *_ in headings_of(text)}
    found = []
    for start in starts:
        while start in behind:
            start = behind[start] + len(text[behind[start] :]) - len(text[behind[start] :].lstrip())
        found.append(start)
    return found


def at_headings(words: Words) -> list[int]:
    """Cut where a section begins; a heading without text of its own stays with the one below it."""
    return _tidy(words, [start for start, *_ in headings_of(words.text)])


def at_paragraphs(words: Words) -> list[int]:
    """Cut at blank lines."""
    return _after(words, re.finditer(r"\n[ \t\r]*\n\s*", words.text))


def at_lines(words: Words) -> list[int]:
    """Cut at every line: rows of tables, items of lists."""
    return _after(words, re.finditer(r"\n\s*", words.text))


def at_statements(words: Words) -> list[int]:
    """Cut before lines that begin at the margin, or with ``>>>``: parameters, and examples with their output.

    In a docstring, a parameter's description is indented below its name, and what an example prints stands
    below it, unindented, up to a blank line or the next ``>>>``.
    """
    found, in_example = [], False
    for match in re.finditer(r"(?m)^([ \t]*)(\S[^\n]*)?$", words.text):
        line = match[2]
        prompt = bool(line) and line.startswith(">>>")
        in_example = prompt or (in_example and bool(line))
        if line and (prompt or not (in_example or match[1])):
            found.append(match)
    return _after(words, found, at_start=True)


def at_sentences(words: Words) -> list[int]:
    """Cut at sentences, by the rules of the library sentencex (of the Wikimedia Foundation), line by line."""
    import sentencex

    places, line_start = [], 0
    for line in words.text.split("\n"):
        for start in range(0, len(line), LONGEST_LINE):
            part, place = line[start : start + LONGEST_LINE], line_start + start
            if part.strip():
                # The library wants valid UTF-8; a lone surrogate counts as one character.
                for sentence in sentencex.segment("en", part.encode(errors="replace").decode()):
                    places.append(place)
                    place += len(sentence)
        line_start += len(line) + 1
    return _tidy(words, places)


def levels(words: Words) -> list[list[int]]:
    """Return the cuts of `recursive`: headings, paragraphs, lines, sentences; found once for a text."""
    if not words.levels:
        words.levels = [way(words) for way in (at_headings, at_paragraphs, at_lines, at_sentences)]
    return words.levels


def between(span: tuple[int, int], cuts: list[int]) -> list[tuple[int, int]]:
    """Cut a span of words into pieces.

    Examples
    --------
    >>> between((2, 9), [0, 4, 9, 12])
    [(2, 4), (4, 9)]
    """
    first, last = span
    inside = cuts[bisect_right(cuts, first) : bisect_left(cuts, last)]
    return list(pairwise([first, *inside, last]))


def _after(words: Words, matches: object, *, at_start: bool = False) -> list[int]:
    return _tidy(words, [match.start() if at_start else match.end() for match in matches])


def _tidy(words: Words, characters: list[int]) -> list[int]:
    """Turn places into numbers of words, once each, without those right after a heading."""
    after_heading = {words.at(end) for _, end, _, _ in headings_of(words.text)}
    return sorted({words.at(one) for one in characters} - after_heading)
