"""Workers as processes: killed, asked to stop, left alone; the kill test in short; the broker."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from embedlab.cli import app
from embedlab.machine import postgres
from embedlab.pipelines import (
    POINTS,
    Orders,
    Setup,
    backfill,
    chaos,
    connect,
    create,
    dead_letters,
    deliver,
    die_at,
    drain,
    fleet,
    freshness,
    full_run,
    load,
    missing,
    rates,
    saved,
    sustained,
    wait_until,
    window,
)

pytest.importorskip("psycopg")
pytestmark = pytest.mark.slow
needs_nats = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture(scope="module")
def url():
    with postgres(settings={"fsync": "off"}) as url:
        with connect(url) as connection:
            create(connection)
            load(connection, [f"text {i}" for i in range(60)])
        yield url


@pytest.mark.parametrize("leased", [True, False])
def test_kills_leave_nothing_wrong(leased):
    outcome = chaos(1_000, 5, seed=3, leased=leased, seconds=0.005)
    assert outcome.clean, outcome
    assert outcome.kills_of_workers + outcome.kills_of_database == 5
    assert outcome.within_twice == 0
    assert outcome.within + outcome.dead == outcome.jobs
    assert outcome.outside_twice == sum(outcome.outside_twice_by.values())
    assert outcome.naps == (0 if os.name == "nt" else 1)


@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_the_control_shows_what_is_done_twice():
    found = {point: die_at(point, 2) for point in POINTS[2:5]}
    assert all(one.clean and one.within_twice == 0 for one in found.values())
    assert [one.outside_twice for one in found.values()] == [20, 20, 20]
    assert [one.apart_twice for one in found.values()] == [0, 20, 20]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that a process could answer")
def test_a_worker_that_is_asked_to_stop_finishes_its_batch(url):
    orders = Orders("asked", "hashed", limit=10, lease=60.0, seconds=0.05)
    with fleet(url, 1, orders) as running, connect(url) as connection:
        backfill(connection, "asked")
        wait_until(url, "SELECT EXISTS (SELECT FROM jobs WHERE token IS NOT NULL)")
        assert running.stop() == [0]
        # What was claimed was done: no lease is left to run out.
        assert connection.execute("SELECT count(*) FROM jobs WHERE token IS NOT NULL").fetchone() == (0,)
        done = connection.execute("SELECT count(*) FROM effects").fetchone()[0]
        assert done > 0
        assert done % 10 == 0
        connection.execute("TRUNCATE jobs")


def test_a_heart_beats_while_the_work_takes_longer_than_its_lease(url):
    orders = Orders("slow", "hashed", limit=10, lease=0.6, seconds=0.12)  # 1.2 s for a batch
    with fleet(url, 2, orders) as running, connect(url) as connection:
        connection.execute("TRUNCATE effects")
        connection.execute("INSERT INTO jobs (document, version) SELECT id, version FROM documents LIMIT 20")
        connection.execute("NOTIFY jobs")
        drain(url, running)
        assert connection.execute("SELECT count(*), max(attempts) FROM effects").fetchone() == (20, 1)


@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_workers_end_with_the_process_that_started_them(url):
    code = (
        "import sys, time; from embedlab.pipelines import Orders, fleet\n"
        "with fleet(sys.argv[1], 2, Orders('m', 'hashed')) as running:\n"
        "    print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
    question = "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'embedlab worker'"
    assert wait_until(url, question, seconds=20) < 20


def test_freshness_is_measured_beside_a_back_fill():
    texts = [f"text {i}" for i in range(600)]
    orders = Orders("f", "hashed", limit=16, seconds=0.004)
    inline, behind = (
        freshness(way, texts, seconds=1, rate=20, orders=orders) for way in ("in one line", "behind")
    )
    assert inline.writes == behind.writes == 20
    assert behind.p50 < inline.p50  # 600 texts stand before the first write


def test_the_command_exits_with_0_where_all_is_well():
    found = CliRunner().invoke(
        app, ["pipelines", "chaos", "--kills", "1", "--documents", "50", "--locked", "--json"]
    )
    assert found.exit_code == 0, found.output
    assert '"clean": true' in found.output


def test_rates_are_measured_for_each_setup():
    plain = Setup(1, Orders(encoder="hashed"), documents=300)
    setups = {"plain": plain, "held": replace(plain, snapshot=True), "index": replace(plain, index=True)}
    found = rates(setups, repeats=1)
    assert list(found) == list(setups)
    assert min(rate for each in found.values() for rate in each) > 0
    assert full_run(500, 2, Orders(encoder="hashed"))["documents"] == 500


def test_minutes_of_load_are_watched_in_phases():
    found = sustained(3.2, documents=400, waiting=200, every=0.2)
    assert len(found["phases"]) == 4
    assert len({len(values) for name, values in found.items() if name != "phases"}) == 1
    assert sum(found["rate"]) > 0
    assert min(found["pages"]) > 0


def test_a_content_hash_saves_what_has_not_changed():
    counts = saved([f"text {i}" for i in range(200)], changed=0.25)
    assert counts == {"first jobs": 200, "first embedded": 200, "second jobs": 200, "second embedded": 50}


@needs_nats
def test_the_broker_delivers_at_least_once_and_a_key_makes_it_once():
    twice, once = (deliver(400, 4, idempotent=idempotent) for idempotent in (False, True))
    assert twice.missing == once.missing == 0
    assert once.twice == 0
    assert once.effects == 400
    assert twice.effects == 400 + twice.twice


@needs_nats
def test_the_window_forgets_and_dead_letters_are_told_once():
    assert window(0.5) == {"first": False, "at once": True, "after the window": False}
    assert dead_letters() == ([0, 1, 3, 4], [2])


@needs_nats
@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_the_broker_ends_with_the_process_that_started_it(tmp_path):
    code = (
        "import time; from embedlab.pipelines import nats_server\n"
        "with nats_server() as url:\n"
        "    print(url, flush=True); time.sleep(60)"
    )
    started = [sys.executable, "-c", code]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(started, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout.readline().startswith("nats://127.0.0.1:")
        assert list(tmp_path.iterdir())
        parent.kill()
    limit = time.monotonic() + 20
    while list(tmp_path.iterdir()):  # the last thing that its keeper removes
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_time_out_says_what_was_waited_for(url):
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="still not true: SELECT false"):
        wait_until(url, "SELECT false", seconds=0.2)
    assert time.monotonic() - start < 20
