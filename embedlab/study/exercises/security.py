"""Exercises of chapter 21: check digits."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _made(country, account):
    """Write an IBAN with right check digits."""
    number = int("".join(str(int(one, 36)) for one in account + country + "00"))
    return f"{country}{98 - number % 97:02d}{account}"


def _accounts(rng: np.random.Generator) -> list[tuple]:
    """List (text,): right ones in all spellings, a digit off, two swapped, wrong lengths; then drawn ones."""
    good = [
        "DE89370400440532013000",
        "GB82WEST12345698765432",
        "NO9386011117947",
        "FR1420041010050500013M02606",
    ]
    texts = [*good, "DE89 3704 0044 0532 0130 00", " gb82 west 1234 5698 7654 32 ", "de89370400440532013000"]
    texts += [
        "DE88370400440532013000",
        "DE89370400440532013001",
        "DE89370400440532010300",
        "DE98370400440532013000",
    ]
    texts += [
        "",
        "DE89",
        "8937DE0400440532013000",
        "DE8937040044053201300\u0660",
        "DE89-3704-0044-0532-0130-00",
    ]
    texts += ["GB82WEST1234569876543\u00e9", _made("XX", "1234567890"), _made("XX", "12345678901")]
    texts += [_made("MT", "MALT" + "1" * 26), _made("MT", "MALT" + "1" * 27), "AB" + "0" * 20]
    for country, n in (("DE", 18), ("NL", 14), ("DK", 14), ("PL", 24)):
        text = _made(country, "".join(rng.choice(list("0123456789"), n)))
        place = int(rng.integers(6, len(text) - 1))
        other = str((int(text[place]) + int(rng.integers(1, 10))) % 10)
        texts += [text, text[:place] + other + text[place + 1 :]]
        texts += [text[:place] + text[place + 1] + text[place] + text[place + 2 :]]
    return [(text,) for text in texts]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _checked(text, moved=4, spaces=True, folded=True, lengths=(15, 34), plain=True, left=1):
    """Check an IBAN in all steps, some of them left out."""
    compact = "".join(text.split()) if spaces else text
    compact = compact.upper() if folded else compact
    if plain and not (compact.isascii() and compact.isalnum() and compact[:2].isalpha()):
        return False
    if not lengths[0] <= len(compact) <= lengths[1] or not compact[2:4].isdigit():
        return False
    try:
        number = "".join(str(int(one, 36)) for one in compact[moved:] + compact[:moved])
        return int(number) % 97 == left
    except ValueError:
        return False


def _not_moved(text):
    return _checked(text, moved=0)


def _no_remainder(text):
    return _checked(text, left=0)


def _spaces_kept(text):
    return _checked(text, spaces=False)


def _small_letters(text):
    compact = "".join(text.split())
    return compact == compact.upper() and _checked(text)


def _form_only(text):
    compact = "".join(text.split()).upper()
    right = compact.isascii() and compact.isalnum() and compact[:2].isalpha() and compact[2:4].isdigit()
    return right and 15 <= len(compact) <= 34


def _any_length(text):
    return _checked(text, lengths=(4, 99))


def _dashes_dropped(text):
    return _checked(text.replace("-", ""))


EXERCISES = (
    Exercise(
        name="iban_valid",
        chapter="21_security",
        task="Is a text an IBAN with right check digits? text is a str. White space and case do not matter; "
        "what is left must be 15 to 34 ASCII letters and digits, beginning with two letters and two digits. "
        "Move the first four characters to the end, write each letter as a number (A is 10, Z is 35), and "
        "read the digits as one number: divided by 97 it must leave 1. Return a bool.",
        reference="embedlab.security.checksums:iban_valid",
        cases=_accounts,
        hints=(
            "Three steps: bring it to one form, refuse what cannot be one, then compute.",
            "int(one, 36) gives 10 for A, and 7 for 7. Join the numbers as texts: A1 becomes '101'.",
            "''.join(text.split()).upper(); then (compact[4:] + compact[:4]); Python's int has no limit "
            "here.",
        ),
        mistakes=(
            Mistake(
                "nothing moved",
                "The first four characters, country and check digits, belong behind the account before the "
                "division.",
                _not_moved,
            ),
            Mistake(
                "divisible by 97",
                "The check digits are chosen so that 1 is left, not 0 (ISO 7064 MOD 97-10).",
                _no_remainder,
            ),
            Mistake(
                "spaces not allowed for",
                "People write IBANs in groups of four: take white space out first.",
                _spaces_kept,
            ),
            Mistake(
                "small letters refused",
                "de89... is the same account: bring it to capitals first.",
                _small_letters,
            ),
            Mistake(
                "form only",
                "Two letters, two digits and the right length is also what an order number may look like: "
                "compute the check.",
                _form_only,
            ),
            Mistake(
                "any length",
                "One random text in 97 passes the check, whatever its length: 15 to 34 characters.",
                _any_length,
            ),
            Mistake(
                "other signs dropped",
                "White space may go, and nothing else: a text with dashes is no IBAN here.",
                _dashes_dropped,
            ),
        ),
        follow_up="A log holds 10 million numbers of 16 digits, none of them a card. How many pass Luhn's "
        "check? What else can a recogniser look at before it masks them?",
    ),
)
