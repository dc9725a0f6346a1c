"""Tickets made from DocSearch: who asks about which function, so that names matter to the search."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from embedlab.benchmark import Benchmark, parts_of
from embedlab.security.spans import Span

GIVEN = (  # noqa: SIM905
    "Aino Amara Aoife Arjun Beatriz Bogdan Carla Chidi Chloé Dagny Dmitri Elif Emeka Femke Giulia Hao Ines "
    "Ivo Jelena Jonas Katarzyna Kwame Leila Luis Magnus Maria Mei Nadia Ngozi Noor Olu Pedro Petra Priya "
    "Reto Rohan Selam Siobhán Sofia Stefan Tariq Thabo Tomás Tuğba Viktor Wanjiru Yuki Zofia"
).split()
FAMILY = (  # noqa: SIM905
    "Adeyemi Aebischer Almeida Bakare Balogun Brandt Carvalho Castellanos Dahl Delaney Diallo Dubois Eriksen "
    "Ferreira Gruber Haddad Herrera Holm Horvat Iyer Kamau Keller Kessler Kowalczyk Lindqvist Marchetti "
    "Mehta Mensah Moreau Morikawa Nakamura Nguyen Nkosi Okafor Ortega Petrov Rahman Raman Rossetti "
    "Schneider Solberg Tanaka Tavares Tesfaye Vance Weiss Wójcik Zhang"
).split()
FORMS = (
    "Ticket by {name} <{mail}>: I have a question about {topic} {text}",
    "{name} ({mail}) wrote: how do I use this? {topic} {text} Regards, {name}",
    "From: {mail}\nDear team, {topic} {text}\n{name}",
)
OTHERS = 4  # people who ask about the same document, one of whom the query means


@dataclass(frozen=True)
class Tickets:
    """Tickets with the spans planted in them, and queries that ask for one of them by name and topic.

    Attributes
    ----------
    texts, spans : lists of n
    queries, query_spans : lists of q
    relevant : list of q int
        Which ticket each query means.
    splits : list of q str
        "dev" or "test", as DocSearch has them.
    """

    texts: list[str]
    spans: list[tuple[Span, ...]]
    queries: list[str]
    query_spans: list[tuple[Span, ...]]
    relevant: list[int]
    splits: list[str]

    def written(self, hide: Callable[[str, Sequence[Span]], str]) -> tuple[list[str], list[str]]:
        """Return texts and queries with their spans replaced by ``hide(text, spans)``."""
        return (
            [hide(text, spans) for text, spans in zip(self.texts, self.spans, strict=True)],
            [hide(text, spans) for text, spans in zip(self.queries, self.query_spans, strict=True)],
        )


def planted(form: str, values: dict[str, str], kinds: dict[str, str]) -> tuple[str, tuple[Span, ...]]:
    """Fill in a form, and say where the values of the named kinds stand.

    Examples
    --------
    >>> planted("{name}: hi, {name}", {"name": "Ana"}, {"name": "PERSON"})[1][1]
    Span(start=9, end=12, kind='PERSON', score=1.0)
    """
    text, spans, rest = "", [], form
    while rest:
        before, brace, rest = rest.partition("{")
        text += before
        if brace:
            name, _, rest = rest.partition("}")
            if name in kinds:
                spans.append(Span(len(text), len(text) + len(values[name]), kinds[name]))
            text += values[name]
    return text, tuple(spans)


def make_tickets(benchmark: Benchmark, documents: int = 300, *, people: int = 400, seed: int = 0) -> Tickets:
    """Make tickets: about each document `OTHERS` people ask; a query names one of them and the topic.

    Documents are a seeded sample of those that dev and test queries ask for. The topic is the document's
    summary line; the query's topic is DocSearch's query. So the topic leads to four tickets, and the name to
    one of them.

    Parameters
    ----------
    benchmark : Benchmark
        DocSearch.
    documents : int
    people : int
    seed : int
    """
    draw, meant = random.Random(seed), random.Random(f"{seed}, who is meant")
    pairs = draw.sample([(g, f) for g in GIVEN for f in FAMILY], people)
    text_of = dict(zip(benchmark.doc_ids, benchmark.documents, strict=True))
    asked = [(i, split) for split in ("dev", "test") for i in benchmark.splits[split]]
    made, taken = Tickets([], [], [], [], [], []), set()
    for query, split in draw.sample(asked, len(asked)):
        target = next(iter(benchmark.qrels[query]))
        _, line, rest = parts_of(text_of[target])
        if target in taken or not line or len(taken) == documents:
            continue
        taken.add(target)
        # Anyone of the four: were it always the first, equal scores would help or harm by their order.
        one = meant.randrange(OTHERS)
        for place, (given, family) in enumerate(draw.sample(pairs, OTHERS)):
            name = f"{given} {family}"
            mail = f"{given}.{family}@example.org".lower()
            values = {"name": name, "mail": mail, "topic": line, "text": " ".join(rest.split()[:25])}
            text, spans = planted(draw.choice(FORMS), values, {"name": "PERSON", "mail": "EMAIL"})
            made.texts.append(text)
            made.spans.append(spans)
            if place == one:
                form, values = "{name}: {topic}", {"name": name, "topic": benchmark.queries[query]}
                text, spans = planted(form, values, {"name": "PERSON"})
                made.queries.append(text)
                made.query_spans.append(spans)
                made.relevant.append(len(made.texts) - 1)
                made.splits.append(split)
    return made
