"""Rewriting without a model: what a generator has to beat, at no cost and with no surprises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from embedlab.hybrid import ANALYZERS
from embedlab.tokenizer import checked_text

History = Sequence[tuple[str, str]]  # (question, reply), the oldest first

# Words that tell nothing of a conversation's subject, and stand at the beginning of sentences.
COMMON = frozenset(
    ANALYZERS["words"](
        "a about after all also an and any are as at be because been before both but by can could did do "
        "does during each for from had has have he her hers him his how i if in is it its many may more "
        "most much no not of on one only or other our she should so some such than that the their them then "
        "there these they this those to under until was we were what when where which while who whom whose "
        "why will with would yes you your"
    )
)
LONGEST = 300  # characters of a question that is split; the time of the forms grows faster than the text
WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
AUX = "is|are|was|were|do|does|did|has|have|had|can|could"
NAME = rf"(?:the )?(?!(?i:{AUX})\b)[A-Z][\w'’.-]*(?: (?:(?:of|the|de|von|van) )*[A-Z0-9][\w'’.-]*)*"
NOUN = rf"(?:{NAME}|(?:an? |the )?[\w'’-]+)"  # a name, or one word: "the great apes" is already too much
# "that" and "there" only where they point back: not in "birds that sing", "are there birds".
LEANS = re.compile(
    r"^\W*(?:and|but|or|so|what about|how about)\b"
    r"|\b(?:it|its|he|him|his|she|her|hers|they|them|their|theirs|this|these|those)\b"
    r"|\b(?:is|was|do|does|did|of|about|for|why|when|how|after|before) that\b|\bthat\W*$"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )\bthere\b",
    re.IGNORECASE,
)
# The forms that are known, the narrowest first. "x" and "y" are compared.
FORMS = [
    re.compile(
        rf"(?P<aux>(?i:{AUX})) (?P<x>{NOUN}) (?P<rest>.+?) (?P<order>before|after|when|while) (?P<y>.+)"
    ),
    re.compile(r"(?i:between|of|out of) (?P<x>.+?) (?:and|or) (?P<y>.+?), (?P<head>.+)"),
    re.compile(r"(?P<head>.+)[,:] (?:either )?(?P<x>[^,]+?),? (?:or|and) (?P<y>[^,]+)"),
    re.compile(rf"(?P<aux>(?i:{AUX})) (?P<x>{NOUN}) (?P<rest>.+?) than (?P<y>.+)"),
    re.compile(
        rf"(?P<before>.*?)(?:both )?(?P<x>{NAME}),? (?:or|and) (?:(?:in|on|at|of|for|from) )?"
        rf"(?P<y>{NAME})(?P<behind>.*)"
    ),
]


def decompose_by_rule(question: str) -> list[str]:
    """Split a comparison of two things into a question about each; any other stays whole.

    It knows five forms, among them "Which is taller, X or Y?", "Did X die before Y was born?", "Is X taller
    than Y?" and "Were X and Y painters?". It puts words where others stood and knows no grammar: what comes
    out is to be searched, not to be read. A question in two steps ("the capital of the state in which X
    lies") stays whole: to ask its second part, the answer of the first is needed.

    Examples
    --------
    >>> decompose_by_rule("Which is taller, the Eiffel Tower or Big Ben?")
    ['Which is taller, the Eiffel Tower?', 'Which is taller, Big Ben?']
    >>> decompose_by_rule("Did Mozart die before Schubert was born?")
    ['When did Mozart die?', 'When was Schubert born?']
    >>> decompose_by_rule("Why is snow white?")
    ['Why is snow white?']
    """
    text = " ".join(checked_text(question, "the question").split()).rstrip("?!. ")
    for form in FORMS if len(text) <= LONGEST else []:
        match = form.fullmatch(text)
        if match:
            return list(dict.fromkeys(f"{part}?" for part in _parts(match.groupdict())))
    return [question]


def _parts(found: dict[str, str]) -> Iterator[str]:
    """Yield a question about each of what a form of `FORMS` found."""
    x, y = found["x"], found["y"]
    if "order" in found:
        aux, rest = found["aux"].lower(), found["rest"]
        yield f"When {aux} {x} {rest}"
        clause = re.fullmatch(r"(.+?) (is|are|was|were) (.+)", y)
        if clause:  # "Schubert was born"
            yield f"When {clause[2]} {clause[1]} {clause[3]}"
        else:  # "Schubert", or "Schubert wrote the Unfinished", which stays as it is
            yield f"When {aux} {y} {rest}" if re.fullmatch(NOUN, y) else f"When {y}"
    elif "rest" in found:
        yield from (f"{found['aux']} {one} {found['rest']}" for one in (x, y))
    elif "head" in found:
        yield from (f"{found['head'][:1].upper()}{found['head'][1:]}, {one}" for one in (x, y))
    else:
        behind = re.sub(r"^ both\b", "", found["behind"])
        yield from (f"{found['before']}{one}{behind}" for one in (x, y))


def with_history(history: History, follow_up: str) -> str:
    """Put the last question before a follow-up, so that what "it" is stands there.

    Examples
    --------
    >>> with_history([("Why is snow white?", "It scatters light.")], "And ice?")
    'Why is snow white? And ice?'
    """
    return f"{history[-1][0]} {follow_up}" if history else follow_up


def with_keywords(history: History, follow_up: str) -> str:
    """Put the telling words of the last question and its reply before a follow-up.

    What "it" is often stands in the reply only: "Which alkali metal is the rarest?" "Francium." "Why?"

    Examples
    --------
    >>> history = [("Who wrote the first computer program?", "Ada Lovelace, in 1843.")]
    >>> with_keywords(history, "Who was her father?")
    'wrote first computer program Ada Lovelace 1843 Who was her father?'
    """
    if not history:
        return follow_up
    there = {word.lower() for word in WORD.findall(follow_up)}
    kept: dict[str, str] = {}
    for word in telling(" ".join(history[-1])):
        if word.lower() not in there:
            kept.setdefault(word.lower(), word)
    return " ".join([*kept.values(), follow_up])


def leans_on_history(follow_up: str) -> bool:
    """Tell whether a turn says too little alone: it begins with "and", has a pronoun, or two words at most.

    A turn that changes the subject is searched worse with what was said before. Pronouns may also refer to
    the turn's own words ("Who supplied Angola with its tanks?"): of chapter 10's 49 written dev questions,
    all of which stand alone, 10 are taken for follow-ups.

    Examples
    --------
    >>> [leans_on_history(one) for one in ("And ice?", "How long do they live?", "Who was Ada?")]
    [True, True, False]
    """
    return len(WORD.findall(follow_up)) < 3 or bool(LEANS.search(follow_up))


def telling(text: str) -> Iterator[str]:
    """Yield the words of a text that are not among the commonest."""
    return (word for word in WORD.findall(text) if word.lower() not in COMMON)
