"""Check digits: what tells a card, an account or an identity number from any other row of digits."""

import ipaddress
import math
from collections import Counter

DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def luhn_valid(text: str) -> bool:
    """Tell whether the digits of a text pass Luhn's check, as the number of every payment card does.

    From the right, every second digit is doubled (and 9 taken off where that gives two digits); the sum must
    be a multiple of 10. One wrong digit is always noticed, and one random number in ten passes
    (ISO/IEC 7812-1, annex B).

    Examples
    --------
    >>> luhn_valid("4111 1111 1111 1111"), luhn_valid("4111 1111 1111 1112"), luhn_valid("")
    (True, False, False)
    """
    digits = [int(one) for one in text if one in "0123456789"]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return bool(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban_valid(text: str) -> bool:
    """Tell whether a text is an IBAN with right check digits; spaces and case do not matter.

    The first four characters go to the end, letters become numbers (A is 10), and the whole must leave 1 when
    divided by 97 (ISO 13616, by ISO 7064 MOD 97-10). One random text in 97 passes.

    Examples
    --------
    >>> iban_valid("DE89 3704 0044 0532 0130 00"), iban_valid("DE88 3704 0044 0532 0130 00")
    (True, False)
    """
    compact = "".join(text.split()).upper()
    plain = compact.isascii() and compact.isalnum() and compact[:2].isalpha() and compact[2:4].isdigit()
    if not plain or not 15 <= len(compact) <= 34:
        return False
    number = "".join(str(int(one, 36)) for one in compact[4:] + compact[:4])
    return int(number) % 97 == 1


def ip_valid(text: str) -> bool:
    """Tell whether a text is an IPv4 or IPv6 address.

    Examples
    --------
    >>> ip_valid("192.0.2.7"), ip_valid("2001:db8::1"), ip_valid("999.0.2.7"), ip_valid("1.26")
    (True, True, False, False)
    """
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def entropy(text: str) -> float:
    """Return the Shannon entropy of a text's characters, in bits a character: at most log2 of its length.

    Random keys come near that bound, words and identifiers repeat letters and stay below.

    Examples
    --------
    >>> entropy("aaaa"), entropy("abcd")
    (0.0, 2.0)
    """
    counts = Counter(text)
    return sum(n / len(text) * math.log2(len(text) / n) for n in counts.values())


def national_id_valid(text: str) -> bool:
    """Tell whether a text is an identity number that one of five countries could have issued.

    Spain's DNI (a letter by the number modulo 23), the Netherlands' BSN (weighted sum divisible by 11),
    Poland's PESEL (weighted sum divisible by 10), Brazil's CPF (two check digits) and the SSN of the USA,
    which has no check digit, only numbers that are never issued. Sources: the Ministry of the Interior of
    Spain, RvIG, the Polish act on population registration of 2010, Receita Federal, SSA.

    Examples
    --------
    >>> [national_id_valid(one) for one in ("12345678Z", "12345678A", "219-09-9999", "666-09-9999")]
    [True, False, True, False]
    """
    compact = "".join(one for one in text.upper() if one.isalnum())
    if len(compact) == 9 and compact[:8].isdigit() and compact[8].isalpha():
        return compact[8] == DNI_LETTERS[int(compact[:8]) % 23]
    if not (compact.isascii() and compact.isdigit()):
        return False
    digits = [int(one) for one in compact]
    if len(digits) == 9 and text[3:4] == "-":
        return compact[:3] not in ("000", "666") and digits[0] != 9 and compact[3:5] != "00"
    if len(digits) == 9:
        return sum(w * d for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True)) % 11 == 0
    if len(digits) == 11 and text[3:4] == ".":
        return digits[9:] == _cpf_digits(digits[:9])
    if len(digits) == 11:
        return sum(w * d for w, d in zip((1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), digits, strict=True)) % 10 == 0
    return False


def _cpf_digits(digits: list[int]) -> list[int]:
    """Return the two check digits that belong behind nine digits."""
    found = list(digits)
    for _ in range(2):
        weights = range(len(found) + 1, 1, -1)
        found.append(sum(w * d for w, d in zip(weights, found, strict=True)) * 10 % 11 % 10)
    return found[9:]
