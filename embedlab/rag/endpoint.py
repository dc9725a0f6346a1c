"""A generator behind an address: any server that speaks OpenAI's chat completions, on this machine or not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from embedlab.rag.generating import GeneratorError

if TYPE_CHECKING:  # the small model's file loads torch
    from embedlab.rag.prompts import Message

LONGEST = 2**20  # bytes of a line or of an error that are read
WIDEST = 300  # characters of an error that are shown
SUFFIX = "/chat/completions"


@dataclass(frozen=True)
class Endpoint:
    """A generator that is asked over HTTP: ``POST {url}/chat/completions``, streamed as server-sent events.

    Questions and passages are sent there. Redirects are not followed and proxies not used: the key goes to
    no other host than that of the URL. With http, not https, it goes there unencrypted.

    Parameters
    ----------
    url : str
        Such as "http://localhost:11434/v1" (Ollama), "http://localhost:8000/v1" (vLLM).
    model : str
        The name that the server knows it by.
    key : str
        Sent as the bearer token; in no message and not in the repr. Without, none is sent.
    timeout : float
        Seconds to wait for the connection, and for each next piece.

    Raises
    ------
    ValueError
        If the URL is none or carries more than scheme, host, port and path, the model has no name, or the
        key could not stand in a header.

    Examples
    --------
    >>> Endpoint("http://localhost:8000/v1/", "small", key="secret")
    Endpoint(url='http://localhost:8000/v1', model='small', timeout=60.0)
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout: float = 60.0

    def __post_init__(self):
        url, model, key = (text.strip() for text in (self.url, self.model, self.key))
        url = url.rstrip("/").removesuffix(SUFFIX)
        _check(url)
        if not model:
            raise ValueError(f"the endpoint {url} needs the name of a model")
        if not key.isascii() or not key.isprintable():
            raise ValueError("the endpoint's key has characters that cannot be sent")
        if not self.timeout > 0:
            raise ValueError(f"the endpoint needs time to answer, but timeout is {self.timeout}")
        for name, value in {"url": url, "model": model, "key": key}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_environment(cls) -> Endpoint | None:
        """Return that of EMBEDLAB_LLM_URL, EMBEDLAB_LLM_MODEL and, if it needs one, EMBEDLAB_LLM_KEY.

        Returns
        -------
        Endpoint or None
            None if there is no URL.

        Raises
        ------
        ValueError
            If the model is missing, or see `Endpoint`.
        """
        url, model, key = (
            os.environ.get(f"EMBEDLAB_LLM_{name}", "").strip() for name in ("URL", "MODEL", "KEY")
        )
        if not url:
            return None
        if not model:
            raise ValueError("EMBEDLAB_LLM_URL is set, but EMBEDLAB_LLM_MODEL is not: name the model")
        return cls(url, model, key)

    @property
    def name(self) -> str:
        """The model's."""
        return self.model

    def stream(self, messages: Sequence[Message], most: int = 128) -> Iterator[str]:
        """Yield the answer as it comes, at temperature 0.

        Parameters
        ----------
        messages : sequence of dict
        most : int
            Tokens.

        Raises
        ------
        GeneratorError
            If the server is not reached, refuses, stalls, sends what is no stream of completions, breaks off,
            or says nothing at all.
        """
        connection, where = self._connection(), "cannot be reached"
        try:
            response = self._asked(connection, messages, most)
            where = "broke off"
            yield from self._pieces(response)
        except TimeoutError as error:
            raise self._error(f"sent nothing for {self.timeout:g} seconds") from error
        except (OSError, HTTPException) as error:
            raise self._error(f"{where} ({error or type(error).__name__})") from error
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname, parts.port, timeout=self.timeout)

    def _asked(self, connection: HTTPConnection, messages: Sequence[Message], most: int) -> HTTPResponse:
        """Send the messages; return the response if it is a stream."""
        asked = {"model": self.model, "messages": list(messages), "max_tokens": most}
        body = json.dumps(asked | {"temperature": 0, "stream": True})
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        connection.request("POST", urlsplit(self.url).path + SUFFIX, body, headers)
        response = connection.getresponse()
        kind = response.headers.get_content_type()
        if response.status != 200:
            raise self._error(f"answered {response.status} {response.reason}", response.read(LONGEST))
        if kind != "text/event-stream":
            raise self._error(f"sent {kind} and no stream of events", response.read(LONGEST))
        return response

    def _pieces(self, response: HTTPResponse) -> Iterator[str]:
        """Yield the text of each event, up to the last one."""
        said, finished = 0, ""
        for line in iter(lambda: response.readline(LONGEST), b""):
            name, _, data = line.strip().partition(b":")
            if name != b"data":
                continue  # comments that keep the connection open, blank lines between events
            piece, finished = ("", "stop") if data.strip() == b"[DONE]" else self._event(data)
            said += len(piece)
            if piece:
                yield piece
            if finished:
                break
        if not finished:
            raise self._error(f"broke off after {said} characters")
        if not said:
            raise self._error(f"said nothing (finish_reason: {finished})")

    def _event(self, data: bytes) -> tuple[str, str]:
        """Return the text of an event, and why it is the last one, if it is."""
        try:
            event = json.loads(data)
            failed, choices = event.get("error"), event.get("choices")
            choice = choices[0] if choices else {}  # the last event may only count tokens
            piece = (choice.get("delta") or {}).get("content")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise self._error("sent what is no chat completion", data) from error
        if failed:
            raise self._error("stopped with an error", data)
        return str(piece or ""), str(choice.get("finish_reason") or "")

    def _error(self, what: str, body: bytes | None = None) -> GeneratorError:
        """Say in a line what is wrong; the key does not show, even where the server repeats it."""
        text = f"the endpoint {self.url} {what}"
        if body is not None:
            text += f": {_message(body) or 'nothing more'}"
        text = text.replace(self.key, "***") if self.key else text
        line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return GeneratorError(line if len(line) <= WIDEST else f"{line[:WIDEST]}...")


def _check(url: str) -> None:
    """Refuse what is no address, and one that may hold a secret; it is not repeated."""
    like = "the endpoint's URL must be like 'https://host/v1'"
    try:
        parts = urlsplit(url)
        secret = parts.username is not None or bool(parts.query or parts.fragment)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(f"{like}; its host or its port cannot be read") from None
    if secret or not port_is_number or not url.isascii() or " " in url:
        raise ValueError(f"{like}, with nothing else in it; a key is given apart")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{like}; its scheme is {parts.scheme!r}, its host {parts.hostname!r}")


def _message(body: bytes) -> str:
    """Return what a body says is wrong: the message of OpenAI's error, or all of it.

    Examples
    --------
    >>> _message(b'{"error": {"message": "no such model"}}')
    'no such model'
    >>> _message(b"<h1>Not Found</h1>")
    '<h1>Not Found</h1>'
    """
    text = body.decode("utf-8", "replace")
    found: object = None
    try:
        found = json.loads(text)
        found = found.get("error") or found
        return str(found.get("message") or found.get("detail") or text)
    except (ValueError, AttributeError):  # no JSON, or none with names: an error may also be a string
        return found if isinstance(found, str) else text
