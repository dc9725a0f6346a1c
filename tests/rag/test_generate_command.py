"""``embedlab ask --generate``: what is on the screen while a language model answers, and when it does not."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rag.llm_server import event, serving, streamed
from typer.testing import CliRunner

from embedlab import engine, rag
from embedlab.cli import app

QUESTION = "how much of the light does fresh snow reflect?"
KEY = "sk-secret-0123456789"


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "snow.md").write_text("Fresh snow reflects most of the light. It melts in spring.\n")
    (folder / "rust.md").write_text("Iron rusts when it is wet. Rust is red.\n")
    return folder


@pytest.fixture
def server(monkeypatch):
    with serving() as one:
        for name, value in {"URL": one.url, "MODEL": "small", "KEY": KEY}.items():
            monkeypatch.setenv(f"EMBEDLAB_LLM_{name}", value)
        yield one


def run(corpus, *options, question=QUESTION):
    found = CliRunner().invoke(
        app, ["ask", question, "--corpus", str(corpus), "--generate", *map(str, options)]
    )
    assert KEY not in found.output
    return found


def test_an_answer_is_streamed_then_judged_then_its_passages_are_shown(server, corpus):
    server.lines = streamed("Fresh snow ", "reflects light.", " Snow costs money [1].", " Ice\x1b[2J floats.")
    found = run(corpus, "--threshold", 0)
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    assert lines[0] == "Fresh snow reflects light. Snow costs money [1]. Ice[2J floats."
    assert lines[1:6] == [
        *("", "UNSUPPORTED [1] Snow costs money."),
        *("UNCITED         Fresh snow reflects light.", "UNCITED         Ice[2J floats.", ""),
    ]
    assert lines[6] == "[1] snow.md"
    sent = server.asked[0][2]["messages"][-1]["content"]
    assert "Fresh snow reflects most of the light." in sent
    assert sent.endswith(f"Question: {QUESTION}")


def test_what_the_model_does_not_cite_is_cited_for_it(server, corpus):
    server.lines = streamed("Fresh snow reflects most of the light.")
    assert (
        "\n\nsupported   [1] Fresh snow reflects most of the light.\n" in run(corpus, "--threshold", 0).stdout
    )


def test_json_has_one_document_and_nothing_is_streamed(server, corpus):
    server.lines = streamed("Fresh snow reflects most of the light. ", "It is cold.")
    answer = json.loads(run(corpus, "--json", "--threshold", 0).stdout)
    assert answer["answer"] == "Fresh snow reflects most of the light. [1] It is cold."
    assert answer["uncited"] == ["It is cold."]
    assert answer["citations"][0]["supported"]
    assert (answer["found"], answer["generator"], answer["note"]) == (True, "small", "")


def test_thin_evidence_is_not_sent_anywhere(server, corpus):
    found = run(corpus, "--threshold", 99)
    assert (found.exit_code, found.stdout.splitlines()[0]) == (0, "not found in the documents")
    assert server.asked == []


def test_a_refusal_of_the_model_is_not_found(server, corpus):
    server.lines = streamed("The passages ", "do not mention it.")
    found = run(corpus, "--threshold", 0)
    assert found.stdout.startswith(
        "The passages do not mention it.\nnot found in the documents\n\n[1] snow.md\n"
    )
    assert (found.exit_code, found.stderr) == (0, "note: the generator says that there is no answer\n")


def test_an_answer_that_breaks_off_is_an_error_below_what_was_said(server, corpus):
    server.lines = [event("Fresh snow ")]
    found = run(corpus, "--threshold", 0)
    assert (found.exit_code, found.stdout) == (2, "Fresh snow \n")
    assert found.stderr == f"error: the endpoint {server.url} broke off after 11 characters\n"
    server.status, server.lines = 401, [f"no such key: {KEY}"]
    assert "answered 401 Unauthorized: no such key: ***" in run(corpus, "--threshold", 0).stderr


def test_an_endpoint_half_named_is_an_error_before_anything_is_searched(server, corpus, monkeypatch):
    monkeypatch.delenv("EMBEDLAB_LLM_MODEL")
    monkeypatch.setattr(engine, "asker", None)
    found = run(corpus)
    assert (found.exit_code, "EMBEDLAB_LLM_MODEL is not" in found.stderr) == (2, True)


@pytest.mark.parametrize("error", [ImportError("install it"), ValueError("damaged"), OSError("locked")])
def test_a_small_model_that_is_missing_says_what_to_do(monkeypatch, corpus, error):
    def missing():
        raise error

    monkeypatch.delenv("EMBEDLAB_LLM_URL", raising=False)
    monkeypatch.setattr(rag, "packaged_generator", missing)
    found = run(corpus)
    assert found.exit_code == 2
    assert found.stderr == (
        f"error: {error}; or set EMBEDLAB_LLM_URL to an endpoint; without --generate, sentences are quoted\n"
    )


def test_the_small_model_is_asked_where_there_is_no_endpoint(monkeypatch, corpus):
    class Small:
        name = "tiny"

        def stream(self, messages, most=128):
            yield "Fresh snow reflects light."

    monkeypatch.delenv("EMBEDLAB_LLM_URL", raising=False)
    monkeypatch.setattr(rag, "packaged_generator", Small)
    assert json.loads(run(corpus, "--json", "--threshold", 0).stdout)["generator"] == "tiny"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a process is interrupted in another way there")
def test_ctrl_c_keeps_what_was_said_on_the_screen(server, corpus):
    server.lines, server.stall = [event("Fresh snow "), event("reflects")], True
    command = [str(Path(sys.executable).with_name("embedlab")), "ask", QUESTION, "--generate"]
    command += ["--corpus", str(corpus), "--threshold", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = process.stdout.read(len("Fresh snow reflects"))  # waits for what is streamed
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert (said + rest, errors.splitlines()[-1]) == ("Fresh snow reflects\n", "stopped")
    assert process.returncode == 130
