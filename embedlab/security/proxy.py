"""A proxy on the client's side: what leaves for an API has passed it, or does not leave.

It fails closed: where it cannot read a request, or a recogniser breaks, nothing is sent. Its answers and its
log name kinds and counts, never a value.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any

from embedlab.machine import needs
from embedlab.security.disguises import LOOK_ALIKES, decoded, plain
from embedlab.security.recognisers import recognised
from embedlab.security.redaction import Pseudonyms
from embedlab.security.spans import Span

PATHS = ("v1/embeddings", "v1/chat/completions")
DEEPEST = 3  # base64 in base64 in base64: deeper is refused
log = logging.getLogger("embedlab.proxy")


class RefusedError(ValueError):
    """A request that may not leave; the message says why, without any value."""


class Outgoing:
    """Redacts texts on their way out, refuses what must never leave, and puts values back on the way in.

    Parameters
    ----------
    hide : Pseudonyms
    find : callable
        ``find(text) -> spans``: `recognised`, or it and a tagger of names.
    never : iterable of str
        Values that must not leave in any case, such as the keys of a vault. A recogniser may miss a secret;
        a list of those that exist does not. Compared without case, spaces and punctuation.

    Raises
    ------
    ValueError
        If a value of ``never`` has fewer than 6 letters and digits: it would stop harmless texts.

    Examples
    --------
    >>> out = Outgoing(Pseudonyms(b"0123456789abcdef", "shop"), never=["hunter-2-forever"])
    >>> out.text("Mail ana@example.org")[:12]
    'Mail <EMAIL_'
    >>> out.text("H U N T E R 2 forever")
    Traceback (most recent call last):
    embedlab.security.proxy.RefusedError: the request holds a value that must not leave
    """

    def __init__(
        self,
        hide: Pseudonyms,
        find: Callable[[str], Sequence[Span]] = recognised,
        never: Iterable[str] = (),
    ):
        self.hide, self.find = hide, find
        self._never = [_letters(one) for one in never]
        if any(len(one) < 6 for one in self._never):
            raise ValueError("a value that must never leave needs at least 6 letters and digits")
        self.seen: Counter = Counter()  # how many spans of each kind were replaced

    def of_request(self) -> Outgoing:
        """Return the same with an empty memory: what one request replaced is put back in its answer only.

        One memory for all would give a client the name behind any pseudonym that he got hold of.
        """
        own = copy(self)
        own.hide = self.hide.forgetful()
        return own

    def text(self, text: str) -> str:
        """Return a text as it may leave: in plain form, found spans replaced by pseudonyms.

        Raises
        ------
        RefusedError
            If it holds a value that must never leave.
        """
        text = plain(text)
        spans = [*self.find(text), *self._hidden(text)]
        self.seen.update(one.kind for one in spans)
        text = self.hide(text, spans)
        self.refuse_known(text)
        return text

    def body(self, body: Any) -> Any:
        """Return a request's body as it may leave: all its texts, wherever they stand, keys included.

        Raises
        ------
        RefusedError
            If it holds token ids, which cannot be read here, or a value that must never leave, be it cut
            into several texts.
        """
        if isinstance(body, dict) and _ids(body.get("input")):
            raise RefusedError("the input is token ids, which cannot be redacted: send texts")
        sent = self._walk(body)
        self.refuse_known("".join(_strings(sent)))  # cut in two, each half alone is unknown
        texts = sent.get("input") if isinstance(sent, dict) else None
        self.refuse_known("".join(_strings(texts)))  # without the names of fields in between
        return sent

    def refuse_known(self, text: str) -> None:
        """Raise RefusedError if a text holds a value that must never leave, encoded or not."""
        for one in _layers(text):
            letters = _letters(one)
            if any(value in letters for value in self._never):
                raise RefusedError("the request holds a value that must not leave")

    def _walk(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self._walk(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._walk(one) for one in value]
        if self.find(str(value)):  # a number may be a card's; it cannot be a pseudonym
            raise RefusedError("a number in the request looks like personal data: send it as text")
        return value

    def _hidden(self, text: str, depth: int = 0) -> list[Span]:
        """Return what is encoded in a text and holds something: as a whole, since it cannot be cut."""
        found = []
        for start, end, inside in decoded(text):
            if depth == DEEPEST or self.find(plain(inside)) or self._hidden(inside, depth + 1):
                found.append(Span(start, end, "SECRET"))
        return found


def _letters(text: str) -> str:
    """Reduce a text to its letters and digits, in small letters, look-alikes made Latin."""
    return "".join(one for one in plain(text).translate(LOOK_ALIKES).casefold() if one.isalnum())


def _layers(text: str, depth: int = 0) -> Iterable[str]:
    """Yield a text, and whatever is encoded in it."""
    yield text
    if depth < DEEPEST:
        for _, _, inside in decoded(text):
            yield from _layers(inside, depth + 1)


def _strings(value: Any) -> Iterable[str]:
    """Yield all texts and numbers of a body, as texts, in order."""
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list):
        for one in value:
            yield from _strings(one)
    else:
        yield str(value)


def _ids(given: Any) -> bool:
    return isinstance(given, list) and any(
        isinstance(one, int) or (isinstance(one, list) and _ids(one)) for one in given
    )


def proxy_app(outgoing: Outgoing, upstream: Any, *, key: str = "") -> Any:
    """Return a FastAPI app that passes on requests to an API, redacted, and restores what comes back.

    Only `PATHS` are passed on, without the query string, and with no header of the client's.

    Parameters
    ----------
    outgoing : Outgoing
    upstream : httpx.AsyncClient
        With the API's address as its base.
    key : str
        The API's key: the client does not have it.
    """
    fastapi, responses = needs("fastapi"), needs("fastapi.responses")
    from embedlab.serving import error_body

    app = fastapi.FastAPI()

    def refused(status: int, message: str) -> Any:
        log.warning("refused: %s", message)
        return responses.JSONResponse(error_body(message, "redaction_error"), status)

    async def pass_on(request: fastapi.Request) -> Any:
        try:
            body = json.loads(await request.body())
        except ValueError:
            return refused(400, "the body is no JSON")
        own = outgoing.of_request()
        try:
            sent = own.body(body)
        except RefusedError as error:
            return refused(422, str(error))
        except Exception as error:  # whatever it is: its message may hold the text
            return refused(503, f"the text could not be checked ({type(error).__name__}): nothing was sent")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            answer = await upstream.post(request.url.path, json=sent, headers=headers)
            back = answer.json()
        except Exception as error:
            return refused(502, f"the API did not answer ({type(error).__name__})")
        log.info("passed on %s: %s", request.url.path, dict(outgoing.seen))
        return responses.JSONResponse(_restored(back, own.hide), answer.status_code)

    pass_on.__annotations__["request"] = fastapi.Request
    for path in PATHS:
        app.post(f"/{path}")(pass_on)
    return app


def _restored(value: Any, hide: Pseudonyms) -> Any:
    """Put values back in all texts of an answer, wherever they stand."""
    if isinstance(value, str):
        return hide.restored(value)
    if isinstance(value, dict):
        return {key: _restored(one, hide) for key, one in value.items()}
    return [_restored(one, hide) for one in value] if isinstance(value, list) else value
