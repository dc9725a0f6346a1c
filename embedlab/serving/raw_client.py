"""An HTTP client that does little: a load generator must not take the processor time that it measures."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class RawClient:
    """Posts JSON over HTTP/1.1, on connections that stay open; no redirects, no TLS, no chunked answers.

    Parameters
    ----------
    url : str
        Such as "http://127.0.0.1:8000".
    timeout : float
        Seconds of a request.
    """

    def __init__(self, url: str, timeout: float):
        parts = urlsplit(url)
        self.host, self.port, self.timeout = parts.hostname, parts.port or 80, timeout
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, path: str, body: bytes) -> int:
        """Send a body; return the status, or 0 where no answer came. The answer itself is read and left."""
        head = f"POST {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
        writer = None
        try:
            async with asyncio.timeout(self.timeout):
                reader, writer = await self._connection()
                writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(LENGTH.search(answer)[1]))
        except (OSError, EOFError, TimeoutError):
            if writer is not None:
                writer.close()
            return 0
        self._idle.append((reader, writer))
        return int(answer.split(b" ", 2)[1])

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()  # the one used last, so that few are kept busy
            if not reader.at_eof():  # the server ends those that idle
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.host, self.port)

    async def __aenter__(self) -> RawClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        for _, writer in self._idle:
            writer.close()
