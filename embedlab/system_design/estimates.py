"""Napkin arithmetic: safe formulas over named numbers, units as people type them, and bands of factors."""

import ast
import math
import operator
import re
from collections.abc import Mapping

# A unit is (what it measures, how many of the base unit one of it is). Any other word counts things.
UNITS = {
    "B": ("bytes", 1.0),
    "KB": ("bytes", 1e3),
    "MB": ("bytes", 1e6),
    "GB": ("bytes", 1e9),
    "TB": ("bytes", 1e12),
    "PB": ("bytes", 1e15),
    "KiB": ("bytes", 2.0**10),
    "MiB": ("bytes", 2.0**20),
    "GiB": ("bytes", 2.0**30),
    "TiB": ("bytes", 2.0**40),
    "us": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "s": ("time", 1.0),
    "min": ("time", 60.0),
    "hours": ("time", 3600.0),
    "days": ("time", 86400.0),
    "/s": ("rate", 1.0),
    "/min": ("rate", 1 / 60),
    "/hour": ("rate", 1 / 3600),
    "/day": ("rate", 1 / 86400),
    "MB/s": ("bytes a second", 1e6),
    "GB/s": ("bytes a second", 1e9),
    "tokens/s": ("tokens a second", 1.0),
    "$": ("dollars", 1.0),
    "$/hour": ("dollars a month", 730.0),
    "$/day": ("dollars a month", 365 / 12),
    "$/month": ("dollars a month", 1.0),
    "$/year": ("dollars a month", 1 / 12),
    "%": ("share", 0.01),
}
ALIASES = {unit.lower(): unit for unit in UNITS} | {
    "bytes": "B", "byte": "B", "µs": "us", "sec": "s", "seconds": "s", "second": "s", "minutes": "min",
    "minute": "min", "h": "hours", "hour": "hours", "d": "days", "day": "days", "qps": "/s", "rps": "/s",
    "tokens/second": "tokens/s", "tokens/sec": "tokens/s", "usd": "$", "dollars": "$", "dollar": "$",
    "percent": "%", "$/mo": "$/month", "$/h": "$/hour",
    "$/y": "$/year", "$/yr": "$/year",
}  # fmt: skip
MANY = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
NUMBER = re.compile(r"(?:~|about )?\s*(\$?)\s*([-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)\s*(.*)", re.IGNORECASE)
RIGHT, CLOSE = 2.0, 5.0  # factors: within the first an estimate is right, within the second close

_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_CALLS = {"ceil": math.ceil, "floor": math.floor, "sqrt": math.sqrt, "log": math.log, "min": min, "max": max}


def evaluate(formula: str, numbers: Mapping[str, float]) -> float:
    """Compute a formula of numbers, names, ``+ - * / **`` and ``ceil floor sqrt log min max``; nothing else.

    Raises
    ------
    ValueError
        If the formula holds anything else, or a name without a number, or has no finite value.

    Examples
    --------
    >>> evaluate("ceil(documents * dims * 4 / 1e9)", {"documents": 5e6, "dims": 384})
    8.0
    """

    def value(node: ast.AST) -> float:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.Name(id=name):
                if name not in numbers:
                    raise ValueError(f"{formula!r} names {name!r}, which has no number here")
                return float(numbers[name])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](value(left), value(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _CALLS:
                return float(_CALLS[name](*map(value, args)))
        allowed = f"numbers, names, + - * / **, {', '.join(_CALLS)}"
        raise ValueError(f"{formula!r} holds {ast.unparse(node)!r}; allowed: {allowed}")

    try:
        found = value(ast.parse(formula, mode="eval").body)
    except SyntaxError as error:
        raise ValueError(f"{formula!r} is no formula: {error.msg}") from error
    except (ArithmeticError, TypeError) as error:
        raise ValueError(f"{formula!r} has no value: {error}") from error
    if isinstance(found, complex) or not math.isfinite(found):
        raise ValueError(f"{formula!r} has no finite value: {found}")
    return found


def dimension(unit: str) -> str:
    """Return what a unit measures; a word that is no unit counts things of that name.

    Examples
    --------
    >>> dimension("GB"), dimension("machines")
    ('bytes', 'machines')
    """
    return UNITS.get(unit, (unit, 1.0))[0]


def in_base(value: float, unit: str) -> float:
    """Convert a number in a unit to bytes, seconds, per second, dollars (a month), a share, or a count.

    Examples
    --------
    >>> in_base(1.5, "TB"), in_base(20, "ms")
    (1500000000000.0, 0.02)
    """
    return value * UNITS.get(unit, (unit, 1.0))[1]


def shown(value: float, unit: str, digits: int = 3) -> str:
    """Write a number of the base unit in a unit, with three digits, or as few as are wanted.

    Examples
    --------
    >>> shown(7.68e9, "GB"), shown(0.0204, "ms"), shown(3, "machines"), shown(1234.5, "$/month")
    ('7.68 GB', '20.4 ms', '3 machines', '$1,234/month')
    >>> shown(5e6, "tickets"), shown(1, "copies")
    ('5 million tickets', '1 copy')
    >>> shown(24182, "tickets"), shown(24182, "tickets", digits=2), shown(2.57, "cores", digits=2)
    ('24,182 tickets', '24,000 tickets', '2.6 cores')
    """
    number = value / UNITS.get(unit, (unit, 1.0))[1]
    if digits < 3:
        number = float(f"{number:.{digits}g}")
    text = f"{number:,.0f}" if abs(number) >= 100 or number == int(number) else f"{number:.3g}"
    for many, word in ((1e9, "billion"), (1e6, "million")):
        if abs(number) >= many:
            text = f"{number / many:.3g} {word}"
            break
    if text == "1" and unit not in UNITS:
        head, space, rest = unit.partition(" ")
        unit = (f"{head[:-3]}y" if head.endswith("ies") else head.removesuffix("s")) + space + rest
    if unit.startswith("$"):
        return f"${text}{unit[1:]}"
    return f"{text}{unit}" if unit[:1] in "/%" else f"{text} {unit}"


def parse_quantity(typed: str, unit: str) -> float:
    """Read a number with a unit as people type it; without one, in the unit that was asked for.

    Returns
    -------
    float
        In the base unit: bytes, seconds, per second, dollars (a month), a share, or a count.

    Raises
    ------
    ValueError
        If there is no number, or its unit measures something else: with what is wanted.

    Examples
    --------
    >>> parse_quantity("1.5 TB", "GB"), parse_quantity("$9 a month", "$/month"), parse_quantity("2k", "cores")
    (1500000000000.0, 9.0, 2000.0)
    >>> parse_quantity("20 ms", "GB")
    Traceback (most recent call last):
    ValueError: '20 ms' is time, but bytes are asked for, such as '12 GB'
    """
    such = f"such as {shown(in_base(12, unit), unit)!r}"
    if not (found := NUMBER.fullmatch(typed.strip())):
        raise ValueError(f"{typed!r} is no number with a unit; {such}")
    money, digits, rest = found[1], found[2], found[3].lower().strip()
    rest = re.sub(r"\s*(?:/|\bper\b|\b(?:a|an)\b)\s*", "/", rest)  # "$300 a month", "20 per second"
    value, word, is_asked = float(digits.replace(",", "")), rest, False
    if rest not in ALIASES and (many := re.match(r"(k|thousand|million|m|billion|bn)\b\s*", rest)):
        value, word = value * MANY[many[1]], rest[many.end() :]
    word = money + word.removeprefix("queries").removeprefix("requests") if word != "queries" else word
    word = "/s" if word in ("/second", "/sec") else word
    if word in ("", "$") or word.rstrip("s") == unit.lower().rstrip("s"):
        is_asked = word != "$" or unit.startswith("$")
    given = unit if is_asked else ALIASES.get(word)
    if given is None:
        raise ValueError(f"the unit {word!r} of {typed!r} is not known here; {such}")
    if dimension(given) != dimension(unit):
        raise ValueError(f"{typed!r} is {dimension(given)}, but {dimension(unit)} are asked for, {such}")
    return in_base(value, given)


def band(given: float, value: float) -> str:
    """Judge an estimate: ``right`` within a factor of 2 of the value, ``close`` within 5, else ``far``.

    Examples
    --------
    >>> band(8, 5), band(20, 5), band(30, 5), band(-5, 5)
    ('right', 'close', 'far', 'far')
    """
    if given <= 0 or value <= 0:
        return "right" if given == value else "far"
    factor = max(given / value, value / given)
    return "right" if factor <= RIGHT else "close" if factor <= CLOSE else "far"


POINTS = {"right": 1.0, "close": 0.5, "far": 0.0}
