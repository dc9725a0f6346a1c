"""Measure what Ray adds and costs, and write it to data/serving/ray.json or data/pipelines/ray.json.

python tools/measure_ray.py serving
python tools/measure_ray.py scaling
python tools/measure_ray.py pipelines
"""

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import date
from importlib.metadata import version
from pathlib import Path

import httpx
import numpy as np
import psutil

from embedlab.benchmark import docsearch
from embedlab.machine import machine_name, ray_cluster
from embedlab.pipelines.encoders import encoder
from embedlab.pipelines.on_ray import embed_on_ray
from embedlab.pipelines.parts import cut, embed_parts, open_out, vectors_in
from embedlab.serving.app import Settings, four_characters, make_app
from embedlab.serving.batching import Batching
from embedlab.serving.on_ray import OnRay, deploy, replicas, served_on_ray, wait_for_replicas
from embedlab.serving.running import listening, serve, server_process
from embedlab.serving.standin import Nap

DATA = Path(__file__).parents[1] / "data"
CALL_S, TEXT_S, MAX_TEXTS, WAIT_S = 0.02, 0.001, 16, 0.005
NAPS = f"a model that naps {CALL_S * 1000:.0f} ms a call and {TEXT_S * 1000:.0f} ms a text"


def nap():
    """Make what a replica serves: a model whose time is known, so that the rest can be seen."""
    return Nap(CALL_S, TEXT_S), four_characters


def memory() -> dict[str, int]:
    """Return MiB of all processes below this one: resident, and proportional (shared pages counted once)."""
    below = psutil.Process().children(recursive=True)
    rss = sum(process.memory_info().rss for process in below)
    pss = sum(process.memory_full_info().pss for process in below)
    return {"rss_mb": rss >> 20, "pss_mb": pss >> 20, "processes": len(below)}


async def open_loop(url: str, rate: float, seconds: float, seed: int) -> list[float]:
    """Send single texts at the times of a Poisson process; return ms from the time that was planned."""
    times = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, int(rate * seconds)))
    async with httpx.AsyncClient(
        base_url=url, timeout=30, limits=httpx.Limits(max_connections=500)
    ) as client:
        start = time.perf_counter()

        async def one(planned: float) -> float:
            await asyncio.sleep(max(0, start + planned - time.perf_counter()))
            await client.post("/v1/embeddings", json={"input": "hello", "model": "nap"})
            return (time.perf_counter() - start - planned) * 1000

        return await asyncio.gather(*map(one, times))


class Users(threading.Thread):
    """Users who ask again as soon as they are answered; every answer is kept."""

    def __init__(self, url: str, n: int):
        super().__init__(daemon=True)
        self.url, self.answers, self.going = url, [], True
        self.threads = [threading.Thread(target=self._user, daemon=True) for _ in range(n)]
        for thread in self.threads:
            thread.start()

    def _user(self) -> None:
        client = httpx.Client(base_url=self.url, timeout=30)
        while self.going:
            start = time.perf_counter()
            try:
                status = client.post("/v1/embeddings", json={"input": "x", "model": "nap"}).status_code
            except httpx.HTTPError as error:
                status = type(error).__name__
            self.answers.append((status, time.perf_counter() - start))

    def during(self, what) -> dict:
        """Do something; return the answers by status meanwhile, and the longest wait."""
        before, start = len(self.answers), time.perf_counter()
        what()
        seconds = time.perf_counter() - start
        found = self.answers[before:]
        counts = Counter(str(status) for status, _ in found)
        return {
            "seconds": round(seconds, 1),
            "answers": dict(counts),
            "longest_s": round(max(s for _, s in found), 2),
        }


def serving() -> dict:
    """Serve beside the server of chapter 17, with the same model, the same batches, the same load."""
    found = {}
    start = time.perf_counter()
    with ray_cluster(cpus=2):
        found["ray_start"] = {"seconds": round(time.perf_counter() - start, 1)} | memory()
        start = time.perf_counter()
        fixed = OnRay("nap", MAX_TEXTS, WAIT_S, least=1, most=1)
        plain = (__file__, "plain")
        with served_on_ray(nap, fixed) as url, ExitStack() as later:
            found["serve_start"] = {"seconds": round(time.perf_counter() - start, 1)} | memory()
            ours, _ = later.enter_context(server_process(plain))
            found["one_request_ms"] = one_at_a_time({"uvicorn": ours, "ray serve": url})
            found["open_loop_ms"] = []
            for rate in (20, 60):
                for name, where in (("uvicorn", ours), ("ray serve", url)) * 2:
                    ms = asyncio.run(open_loop(where, rate, 4, seed=rate))
                    p50, p95 = np.percentile(ms, [50, 95]).round(1)
                    found["open_loop_ms"].append({"server": name, "rate": rate, "p50": p50, "p95": p95})
    return found


def scaling() -> dict:
    """Replicas that follow the load, one that is killed, and an update, with 24 users asking all the time."""
    found = {}
    with ray_cluster(cpus=2):
        grows = OnRay("nap", MAX_TEXTS, WAIT_S, most=2)
        with served_on_ray(nap, grows) as url:
            users = Users(url, 24)
            found["to_two_replicas"] = users.during(lambda: wait_for_replicas(2, 90))
            time.sleep(2)
            found["killed"] = users.during(lambda: kill_one(url))
            wait_for_replicas(2, 90)
            found["rolling_update"] = users.during(lambda: deploy(nap, OnRay("nap", 8, WAIT_S, most=2)))
            users.going = False
            found["to_one_replica_s"] = round(wait_for_replicas(1, 90), 1)
    return {"scaling": found}


def one_at_a_time(servers: dict[str, str]) -> dict[str, float]:
    """Return median ms of single requests, the servers in turn."""
    clients = {name: httpx.Client(base_url=url, timeout=30) for name, url in servers.items()}
    taken = {name: [] for name in servers}
    for _ in range(150):
        for name, client in clients.items():
            start = time.perf_counter()
            client.post("/v1/embeddings", json={"input": "hello", "model": "nap"}).raise_for_status()
            taken[name].append((time.perf_counter() - start) * 1000)
    return {name: round(statistics.median(ms[10:]), 2) for name, ms in taken.items()}


def kill_one(url: str) -> None:
    """Kill a replica, and wait until its place is taken."""
    os.kill(httpx.get(f"{url}/pid").json(), 9)
    time.sleep(1)
    end = time.perf_counter() + 60
    while replicas() < 2 and time.perf_counter() < end:
        time.sleep(0.1)


def pipelines() -> dict:
    """Embed the same documents by the loop, by one actor and by two."""
    benchmark = docsearch()
    order = random.Random(0).sample(range(len(benchmark.documents)), 160)
    sample = [benchmark.doc_ids[i] for i in order], [benchmark.documents[i] for i in order]
    texts = [f"{i}: {benchmark.documents[i % len(benchmark.documents)][:200]}" for i in range(40_000)]
    many = [str(i) for i in range(len(texts))], texts
    rows = []
    with ray_cluster(cpus=2):
        for name, (ids, texts), size, rounds in (("minilm", sample, 10, 1), ("words", many, 1000, 1)):
            for _ in range(rounds):
                rows += [embedded(ids, texts, name, size, actors) | {"encoder": name} for actors in (0, 1, 2)]
    return {"runs": rows}


def embedded(ids: list[str], texts: list[str], name: str, size: int, actors: int) -> dict:
    """Embed once; return seconds in all, and documents a second after the first part was there."""
    with tempfile.TemporaryDirectory() as folder:
        out, seen = Path(folder) / "out", []
        parts = cut(ids, texts, open_out(out, name), size)
        start = time.perf_counter()

        def note(rows: int) -> None:
            seen.append((time.perf_counter() - start, rows))

        if actors:
            threading.Thread(target=peak, args=(top := [0], seen, len(parts)), daemon=True).start()
            embed_on_ray(parts, name, out, actors=actors, progress=note)
        else:
            top = [psutil.Process().memory_info().rss >> 20]
            embed_parts(parts, encoder(name), out, note)
        vectors_in(out, ids, texts)
        after = sum(rows for _, rows in seen[actors or 1 :]) / (seen[-1][0] - seen[(actors or 1) - 1][0])
        return {
            "actors": actors,
            "documents": len(ids),
            "seconds": round(seen[-1][0], 1),
            "first_part_s": round(seen[0][0], 1),
            "a_second": round(after, 1),
            "workers_rss_mb": top[0],
        }


def peak(top: list[int], seen: list, parts: int) -> None:
    """Keep the largest sum of resident memory of the processes that embed, in MiB."""
    while len(seen) < parts:
        sizes = []
        for process in psutil.Process().children(recursive=True):
            try:
                if "MapWorker" in " ".join(process.cmdline()):
                    sizes.append(process.memory_info().rss >> 20)
            except psutil.Error:
                continue
        top[0] = max(top[0], sum(sizes))
        time.sleep(0.5)


def main(what: str) -> None:
    """Measure, and write the figures beside what they were measured with."""
    if what == "plain":
        rule = Batching("timer", max_texts=MAX_TEXTS, wait_s=WAIT_S)
        serve(make_app(nap()[0], settings=Settings("nap", batching=rule)), listening())
        return
    figures = {"serving": serving, "scaling": scaling, "pipelines": pipelines}[what]()
    card = {
        "command": f"python tools/measure_ray.py {what}",
        "machine": machine_name(),
        "date": str(date.today()),
        "versions": {name: version(name) for name in ("ray", "fastapi", "uvicorn", "torch", "numpy")},
        "conditions": {
            "serving": f"{NAPS}; load generator on the same two cores; single texts; two rounds in turn",
            "scaling": f"{NAPS}; 24 users on the same two cores, each asks again when it is answered",
            "pipelines": "the loop on 2 threads, each actor on 1; parts of 10 or 1,000 documents; a_second "
            "counts from the moment at which each actor had finished a part",
        }[what],
    }
    file = DATA / ("pipelines" if what == "pipelines" else "serving") / "ray.json"
    file.parent.mkdir(exist_ok=True)
    known = json.loads(file.read_text()) if file.exists() else {}
    cards = known.get("cards", {}) | {what: card}  # one for each command
    file.write_text(json.dumps(known | figures | {"cards": cards}, indent=1) + "\n")
    print(file.read_text())


if __name__ == "__main__":
    main(sys.argv[1])
