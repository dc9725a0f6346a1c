"""A server whose model is a nap of known length: for measuring the queue, the clients and the ending.

python -m embedlab.serving.standin --call-ms 5
"""

import argparse
import threading
import time

import numpy as np

from embedlab.serving.app import Settings, make_app
from embedlab.serving.batching import Batching
from embedlab.serving.limits import Limits


class Nap:
    """An embedder that sleeps a + b per text, and can stall once.

    Parameters
    ----------
    call_s, text_s : float
        Seconds for a call, and for each of its texts.
    stall_after : int, optional
        The call before which it sleeps ``stall_s``, as a garbage collection or a lost disk would have it.
    stall_s : float
    """

    def __init__(
        self, call_s: float, text_s: float = 0.0, stall_after: int | None = None, stall_s: float = 1.0
    ):
        self.call_s, self.text_s, self.stall_after, self.stall_s = call_s, text_s, stall_after, stall_s
        self.calls, self._lock = 0, threading.Lock()

    def __call__(self, texts: list[str]) -> np.ndarray:
        """Sleep; return vectors that are all the same."""
        with self._lock:
            self.calls += 1
            stalls = self.calls == self.stall_after
        time.sleep(self.call_s + self.text_s * len(texts) + (self.stall_s if stalls else 0.0))
        return np.tile(np.float32([1, 0, 0, 0]), (len(texts), 1))


def main() -> None:
    """Serve it."""
    from embedlab.serving.running import listening, serve

    parser = argparse.ArgumentParser()
    parser.add_argument("--call-ms", type=float, default=5.0)
    parser.add_argument("--text-ms", type=float, default=0.0)
    parser.add_argument("--stall-after", type=int)
    parser.add_argument("--grace-s", type=float, default=0.0)
    parser.add_argument("--policy", default="free")
    parser.add_argument("--max-texts", type=int, default=32)
    parser.add_argument("--inside", type=int, default=1024)
    given = parser.parse_args()
    nap = Nap(given.call_ms / 1000, given.text_ms / 1000, given.stall_after)
    limits = Limits(inside=given.inside, texts=min(256, given.inside))
    rule = Batching(given.policy, max_texts=given.max_texts)
    serve(make_app(nap, settings=Settings("nap", limits, rule)), listening(), grace_s=given.grace_s)


if __name__ == "__main__":
    main()
