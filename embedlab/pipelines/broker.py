"""A broker beside the database: NATS JetStream. Its acknowledgement and our effect are two writes, not one.

A worker that dies between the two leaves a message that is delivered again: at least once. What the message
does has to bear that: here a key, in SQLite, that the second write meets.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from embedlab.machine import needs
from embedlab.pipelines.nats import awaited, nats_server
from embedlab.pipelines.workers import ALONE

STREAM, CONSUMER, SUBJECT = "DOCUMENTS", "embedders", "documents.changed"

# With the key, a message that comes again changes nothing.
EFFECTS = {
    False: "CREATE TABLE effects (message INTEGER NOT NULL)",
    True: "CREATE TABLE effects (message INTEGER PRIMARY KEY)",
}
EFFECT = "INSERT INTO effects (message) VALUES (?) ON CONFLICT DO NOTHING"


@dataclass(frozen=True)
class Delivery:
    """What became of messages whose worker was killed again and again."""

    idempotent: bool
    messages: int
    kills: int
    delivered_again: int  # messages that came more than once
    effects: int
    twice: int  # effects too many
    missing: int  # messages without an effect


def deliver(
    messages: int = 1_000, kills: int = 6, seed: int = 0, *, idempotent: bool, batch: int = 64
) -> Delivery:
    """Send messages through JetStream to a worker that is killed (SIGKILL) at random moments.

    Parameters
    ----------
    messages, kills : int
    seed : int
        Of the moments.
    idempotent : bool
        Whether the table of effects has a key.
    batch : int
        Messages that a worker fetches at a time; it acknowledges them after their effects are committed.
    """
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, nats_server() as url:
        file = Path(folder) / "effects.db"
        with closing(sqlite3.connect(file)) as effects, effects:
            effects.execute("PRAGMA journal_mode = wal")
            effects.execute(EFFECTS[idempotent])
            effects.execute("CREATE TABLE again (message INTEGER NOT NULL)")
        awaited(publish(url, range(messages)))
        orders = {"url": url, "file": str(file), "batch": batch}
        for i in range(kills + 1):
            worker = _start(orders)
            worker.stdout.readline()  # "ready": so that it is killed at work
            if i < kills:
                time.sleep(dice.uniform(0.1, 0.6))
                worker.kill()
            worker.wait()  # the last one ends when no message is left
            worker.stdin.close()
            worker.stdout.close()
        with closing(sqlite3.connect(file)) as effects:
            (count, distinct), (again,) = (
                effects.execute("SELECT count(*), count(DISTINCT message) FROM effects").fetchone(),
                effects.execute("SELECT count(DISTINCT message) FROM again").fetchone(),
            )
    return Delivery(idempotent, messages, kills, again, count, count - distinct, messages - distinct)


async def publish(url: str, numbers: range, *, window: float = 120.0, ack_wait: float = 1.0) -> int:
    """Make the stream and its durable consumer, and store a message for each number; return how many it took.

    Parameters
    ----------
    url : str
    numbers : range
        Each is the content of its message and its ``Nats-Msg-Id``.
    window : float
        Seconds in which an id that came before is dropped.
    ack_wait : float
        Seconds until a message that was not acknowledged is delivered again: the visibility timeout.
    """
    nats = needs("nats")
    from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(StreamConfig(STREAM, subjects=[SUBJECT], duplicate_window=window))
    config = ConsumerConfig(
        durable_name=CONSUMER, ack_policy=AckPolicy.EXPLICIT, ack_wait=ack_wait, max_deliver=-1
    )
    await stream.add_consumer(STREAM, config)
    taken = 0
    for number in numbers:
        stored = await stream.publish(SUBJECT, str(number).encode(), headers={"Nats-Msg-Id": str(number)})
        taken += not stored.duplicate
    await client.close()
    return taken


def window(seconds: float = 1.0) -> dict[str, bool]:
    """Publish one id three times: twice at once, and again after the window; say which were dropped.

    The window remembers ids of *publishing*, for a while. It knows nothing of what a worker does.
    """

    async def ask(url: str) -> dict[str, bool]:
        first = await publish(url, range(1), window=seconds)
        at_once = await publish(url, range(1), window=seconds)
        await asyncio.sleep(1.5 * seconds)
        later = await publish(url, range(1), window=seconds)
        return {"first": first == 0, "at once": at_once == 0, "after the window": later == 0}

    with nats_server() as url:
        return awaited(ask(url))


def dead_letters(most: int = 3) -> tuple[list[int], list[int]]:
    """Deliver five messages of which number 2 is never acknowledged; return (acknowledged, dead).

    JetStream has no dead-letter queue: after ``most`` deliveries it stops, and says so once, in an advisory,
    to whoever listens at that moment. The message stays in the stream; the listener has to fetch it.
    """
    nats = needs("nats")
    from nats.js.api import AckPolicy, ConsumerConfig

    async def ask(url: str) -> tuple[list[int], list[int]]:
        await publish(url, range(5))
        client = await nats.connect(url)
        stream, done, dead = client.jetstream(), [], []
        advisories = await client.subscribe(f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{STREAM}.strict")
        config = ConsumerConfig(
            durable_name="strict", ack_policy=AckPolicy.EXPLICIT, ack_wait=0.2, max_deliver=most
        )
        await stream.add_consumer(STREAM, config)
        subscription = await stream.pull_subscribe_bind("strict", STREAM)
        for _ in range(100):
            try:
                (message,) = await subscription.fetch(1, timeout=0.5)
                if message.data != b"2":
                    await message.ack()
                    done.append(int(message.data))
            except nats.errors.TimeoutError:
                try:
                    advisory = json.loads((await advisories.next_msg(timeout=0.5)).data)
                    letter = await stream.get_msg(STREAM, seq=advisory["stream_seq"])
                    dead.append(int(letter.data))
                    break
                except nats.errors.TimeoutError:
                    continue
        await client.close()
        return done, dead

    with nats_server() as url:
        return awaited(ask(url))


async def consume(url: str, file: str, batch: int) -> None:
    """Fetch, make the effects, acknowledge; end when nothing is left."""
    nats = needs("nats")
    client = await nats.connect(url)
    subscription = await client.jetstream().pull_subscribe_bind(CONSUMER, STREAM)
    with closing(sqlite3.connect(file, timeout=30)) as effects:
        print("ready", flush=True)
        while True:
            try:
                messages = await subscription.fetch(batch, timeout=0.5)
            except nats.errors.TimeoutError:
                left = await subscription.consumer_info()
                if not (left.num_pending or left.num_ack_pending):
                    break
                continue
            for message in messages:
                with effects:  # an effect is committed ...
                    effects.execute(EFFECT, (int(message.data),))
                    if message.metadata.num_delivered > 1:
                        effects.execute("INSERT INTO again VALUES (?)", (int(message.data),))
            for message in messages:  # ... and here, in between, is where kill -9 makes it come again
                await message.ack()
            await client.flush()
    await client.close()


def _start(orders: dict) -> subprocess.Popen:
    command = [sys.executable, "-m", "embedlab.pipelines.broker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, **pipes, text=True, env=os.environ | ALONE)
    process.stdin.write(json.dumps(orders) + "\n")
    process.stdin.flush()
    return process


def main() -> None:
    """Run a worker by the orders on standard input; end with whoever started it."""
    orders = json.loads(sys.stdin.readline())
    threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
    asyncio.run(consume(**orders))


if __name__ == "__main__":
    main()
