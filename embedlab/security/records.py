"""Records that are made of a name and an illness, and an attacker who guesses both from lists."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.security.defences import Defence
from embedlab.security.inversion import Embed
from embedlab.security.tickets import FAMILY, GIVEN

Floats = NDArray[np.float32]
ILLNESSES = (  # noqa: SIM905
    "asthma, diabetes, epilepsy, depression, migraine, hepatitis, psoriasis, arthritis, anaemia, pneumonia, "
    "leukaemia, glaucoma, tuberculosis, schizophrenia, bronchitis, appendicitis, dementia, alcoholism, "
    "insomnia, HIV, breast cancer, lung cancer, high blood pressure, heart failure, kidney stones, a stroke, "
    "a broken hip, an eating disorder, an ulcer, a slipped disc"
).split(", ")
FORM = "{name} was diagnosed with {illness}."
OTHER_FORM = "The patient {name} suffers from {illness}"  # the guess of an attacker who does not know FORM


@dataclass(frozen=True)
class Record:
    """Who has what, and the text that says so."""

    given: str
    family: str
    illness: str

    def text(self, form: str = FORM) -> str:
        """Fill a form in."""
        return form.format(name=f"{self.given} {self.family}", illness=self.illness)


def make_records(n: int = 200, seed: int = 0) -> list[Record]:
    """Draw n records, no person twice.

    Examples
    --------
    >>> make_records(1)[0].text().endswith(".")
    True
    """
    draw = random.Random(seed)
    people = draw.sample([(given, family) for given in GIVEN for family in FAMILY], n)
    return [Record(given, family, draw.choice(ILLNESSES)) for given, family in people]


def guessed_records(
    stored: Floats,
    embed: Embed,
    form: str,
    *,
    defence: Defence | None = None,
    width: int = 6,
    rounds: int = 2,
) -> list[Record]:
    """Guess the record behind each stored vector (n, d), one field after the other, from the lists.

    The attacker embeds a guess for each illness, then for each given and each family name, protects it as
    the owner does (a secret rotation he cannot), and keeps the ``width`` best; then goes through the fields
    again, as a better name makes the illness clearer.

    Parameters
    ----------
    stored : float32 array (n, d)
    embed : callable
        ``embed(texts) -> vectors`` of length 1.
    form : str
        With {name} and {illness}.
    defence : Defence, optional
        What was done to the stored vectors, so that guesses can be compared with them.
    width : int
        Guesses that are kept of each record after a field.
    rounds : int

    Returns
    -------
    list of n Record
    """
    known: dict[str, Floats] = {}

    def embedded(texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, (defence or Defence()).asked(embed(new)), strict=True))
        return np.stack([known[text] for text in texts])

    lists = {"illness": ILLNESSES, "given": GIVEN, "family": FAMILY}
    found = []
    for vector in stored:
        beam = [Record("", "", "an illness")]
        for _ in range(rounds):
            for field, values in lists.items():
                tried = list({Record(**{**vars(one), field: v}) for one in beam for v in values})
                tried.sort(key=lambda one: (one.given, one.family, one.illness))
                scores = embedded([" ".join(one.text(form).split()) for one in tried]) @ vector
                beam = [tried[i] for i in np.argsort(-scores, kind="stable")[:width]]
        found.append(beam[0])
    return found
