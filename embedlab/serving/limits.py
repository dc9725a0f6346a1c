"""What a server refuses, and how it says so: sizes, a full queue, a deadline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from embedlab.serving.contract import error_body


class Refused(Exception):  # noqa: N818, an answer to the client and no fault
    """A request that is answered with an error of OpenAI's form.

    Examples
    --------
    >>> Refused(429, "busy", "rate_limit_error", retry_after=1.25).headers
    {'Retry-After': '2', 'retry-after-ms': '1250'}
    """

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = "invalid_request_error",
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ):
        super().__init__(message)
        self.status, self.body = status, error_body(message, kind, param=param, code=code)
        self.headers = {}
        if retry_after is not None:  # the standard knows whole seconds; OpenAI's clients read the other first
            ms = round(1000 * retry_after)
            self.headers = {"Retry-After": str(math.ceil(retry_after)), "retry-after-ms": str(ms)}


@dataclass(frozen=True)
class Limits:
    """The sizes that a request may have, and how much the server takes on.

    Parameters
    ----------
    body_bytes : int
        Of a request; more is 413, before it is in memory.
    requests : int
        With a body, in the server at one time; more is 429, before the body is read. So bodies take at most
        ``requests * body_bytes``, 1 GiB by default.
    texts : int
        In one request, 400. OpenAI takes 2,048.
    characters : int
        Of one text, 400: known before the text is tokenized.
    tokens : int
        Of one text, 400; what the model reads.
    cut : bool
        Cut longer texts silently instead, as most embedding servers do.
    inside : int
        Texts that are in the server at one time, waiting or worked on; more is 429.
    deadline_s : float
        For one request, 504 after it.

    Raises
    ------
    ValueError
        If a limit is not positive, or a request of ``texts`` could never be let in.
    """

    body_bytes: int = 2**20
    requests: int = 1024
    texts: int = 256
    characters: int = 20_000
    tokens: int = 256
    cut: bool = False
    inside: int = 1024
    deadline_s: float = 30.0

    def __post_init__(self):
        for name in ("body_bytes", "requests", "texts", "characters", "tokens", "inside", "deadline_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, but is {getattr(self, name)}")
        if self.texts > self.inside:
            raise ValueError(f"a request of {self.texts} texts never fits into a server of {self.inside}")


def check_texts(texts: Sequence[str], limits: Limits, param: str) -> None:
    """Refuse too many texts, and a text that is too long.

    Raises
    ------
    Refused

    Examples
    --------
    >>> check_texts(["a", "bcd"], Limits(characters=2), "input")
    Traceback (most recent call last):
    embedlab.serving.limits.Refused: text 1 has 3 characters; the limit is 2
    """
    if len(texts) > limits.texts:
        raise Refused(400, f"{len(texts)} texts in one request; the limit is {limits.texts}", param=param)
    for i, text in enumerate(texts):
        if len(text) > limits.characters:
            message = f"text {i} has {len(text)} characters; the limit is {limits.characters}"
            raise Refused(400, message, param=param, code="string_above_max_length")


def check_tokens(lengths: Sequence[int], limits: Limits, param: str) -> list[int]:
    """Refuse a text of more tokens than the model reads; or, with ``limits.cut``, count what it reads.

    Raises
    ------
    Refused

    Examples
    --------
    >>> check_tokens([5, 300], Limits(cut=True), "input")
    [5, 256]
    """
    for i, length in enumerate(lengths):
        if length > limits.tokens and not limits.cut:
            message = f"text {i} has {length} tokens; the model reads {limits.tokens}"
            raise Refused(400, message, param=param, code="context_length_exceeded")
    return [min(length, limits.tokens) for length in lengths]


class Away:
    """Texts turned away and expected back; a client that tries three times counts three times.

    Who is answered is taken off, and as nobody says "I gave up", half of the rest is forgotten in 20 seconds.
    Otherwise a steady overload would add up, and everybody would be told the longest wait.

    Examples
    --------
    >>> away = Away()
    >>> away.add(100, now=0.0), away.add(0, now=20.0), away.add(-60, now=20.0)
    (100.0, 50.0, 0.0)
    """

    def __init__(self, half_s: float = 20.0):
        self.half_s, self.count, self.at = half_s, 0.0, 0.0

    def add(self, texts: int, now: float) -> float:
        """Count texts at a time in seconds, negative where they were answered; return how many are away."""
        left = self.count * 0.5 ** ((now - self.at) / self.half_s)
        self.count, self.at = max(0.0, left + texts), now
        return self.count


def drawn_wait(longest: float, u: float) -> float:
    """Draw the seconds that a refused client is told: anything up to the longest wait, but no less than 0.1.

    Clients that were refused together and were all told the same come back together.

    Parameters
    ----------
    longest : float
        See `retry_after`.
    u : float
        Drawn from [0, 1).

    Examples
    --------
    >>> drawn_wait(4.0, 0.25), drawn_wait(4.0, 0.0)
    (1.0, 0.1)
    """
    return max(0.1, longest * u)


def retry_after(ahead: float, per_second: float, most: int = 60) -> int:
    """Estimate the seconds after which there is room for a client: the time that those ahead of it take.

    Parameters
    ----------
    ahead : float
        Texts in the server, and those that were turned away and are expected back, see `Away`.
    per_second : float
        Texts a second that it was measured to answer.
    most : int

    Returns
    -------
    int
        Whole seconds, 1 to ``most``; 5 where no rate was measured yet.

    Examples
    --------
    >>> retry_after(500, 100.0), retry_after(0, 100.0), retry_after(500, 0.0)
    (5, 1, 5)
    """
    if per_second <= 0:
        return min(most, 5)
    return max(1, math.ceil(min(most, ahead / per_second)))
