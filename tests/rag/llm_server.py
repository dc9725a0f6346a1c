"""A server that speaks OpenAI's chat completions well enough for tests: it streams, fails, stalls."""

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def event(text, finish=None):
    """Write a piece of text as a server-sent event."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]})}\n\n"


def streamed(*pieces):
    """Write a whole answer, with what real servers put around it."""
    usage = f"data: {json.dumps({'choices': [], 'usage': {'total_tokens': 9}})}\n\n"
    return [": keep-alive\n\n", *map(event, pieces), event(None, "stop"), usage, "data: [DONE]\n\n"]


class LLM(ThreadingHTTPServer):
    """Answers every POST with `lines`; `asked` holds (path, headers, body) of all that were sent.

    With `stall`, it keeps the connection open behind the last line until it is closed.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.kind, self.lines, self.stall, self.asked = 200, "text/event-stream", [], False, []
        self.location, self.length, self.closed = None, None, threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Type", self.server.kind)
        if self.server.location:
            self.send_header("Location", self.server.location)
        if self.server.length:
            self.send_header("Content-Length", str(self.server.length))
        self.end_headers()
        with suppress(ConnectionError):  # who has the answer may hang up before the last line
            for line in self.server.lines:
                self.wfile.write(line if isinstance(line, bytes) else line.encode())
                self.wfile.flush()
        if self.server.stall:
            self.server.closed.wait()

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving():
    """Run a server for a while."""
    with LLM() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closed.set()
            server.shutdown()
            thread.join()
