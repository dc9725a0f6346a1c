"""How two programs are compared: in one process, taking turns, round by round.

Taking turns matters: a machine is slower at one time than at another, and what runs in one breath shares
that. So the ratio of each round is taken, and their median; the quartiles say how steady it was.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence

from rich.progress import track


def take_turns(
    functions: dict[str, Callable[[], object]], repeats: int, *, quiet: bool = False, warm: bool = False
) -> dict[str, list[float]]:
    """Run each function once per round, for so many rounds after one to warm up; return seconds by round.

    With ``warm`` each runs once more before it is timed: else what others read in between, if it is much,
    has pushed its own data out of the caches.

    Raises
    ------
    ValueError
        If there is no round.

    Examples
    --------
    >>> seconds = take_turns({"a": lambda: sum(range(10)), "b": lambda: None}, repeats=3)
    >>> [(name, len(rounds)) for name, rounds in seconds.items()]
    [('a', 3), ('b', 3)]
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, but is {repeats}")
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in track(
        range(repeats), description="measuring", transient=True, disable=quiet or not is_terminal()
    ):
        for name, function in functions.items():
            if warm:
                function()
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def interleave(
    functions: dict[str, Callable[[], object]], repeats: int, *, quiet: bool = False
) -> dict[str, float]:
    """Let functions take turns; return the median seconds of each.

    Examples
    --------
    >>> sorted(interleave({"a": lambda: sum(range(10)), "b": lambda: None}, repeats=3))
    ['a', 'b']
    """
    return {
        name: statistics.median(rounds)
        for name, rounds in take_turns(functions, repeats, quiet=quiet).items()
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, ``ratio``, and the quartiles, ``low`` and ``high``, of the ratios of all rounds.

    Examples
    --------
    >>> spread([1.0, 3.0, 2.0, 10.0, 2.5])
    {'ratio': 2.5, 'low': 2.0, 'high': 3.0}
    >>> spread([2.0])
    {'ratio': 2.0, 'low': 2.0, 'high': 2.0}
    """
    if len(values) == 1:
        return dict.fromkeys(("ratio", "low", "high"), values[0])
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"ratio": middle, "low": low, "high": high}


def ratio_of(theirs: Sequence[float], ours: Sequence[float]) -> dict[str, float]:
    """Divide seconds, round by round; the spread of the ratios, larger than 1 where ours is faster.

    Examples
    --------
    >>> ratio_of([2.0, 4.0], [1.0, 1.0])
    {'ratio': 3.0, 'low': 2.5, 'high': 3.5}
    """
    return spread([slow / fast for slow, fast in zip(theirs, ours, strict=True)])


def is_terminal() -> bool:
    """Tell whether somebody looks on: progress bars are for them."""
    return sys.stderr.isatty() and sys.stdout.isatty()
