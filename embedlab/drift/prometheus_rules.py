"""The alert rules that come with the course, and promtool, which checks and fires them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedlab.drift.month import STEP, Month, as_series
from embedlab.machine import data_path, needs

RULES = "alerts.yaml"


def promtool() -> str | None:
    """Return where promtool is, Prometheus's own checker; None where it is not installed.

    It is one file without a service: in Debian within the package ``prometheus``.
    """
    return shutil.which("promtool")


def alert_rules() -> dict[str, dict]:
    """Return the shipped alerts by name: ``expr``, ``for``, ``labels``, ``annotations``.

    Examples
    --------
    >>> alert_rules()["CanaryVectorsChanged"]["labels"]
    {'severity': 'page'}
    """
    text = (data_path("drift") / RULES).read_text(encoding="utf-8")
    groups = needs("yaml").safe_load(text)["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def rule_test(
    series: Sequence[Mapping[str, str]],
    expected: Mapping[str, Sequence[str]],
    *,
    step: int = STEP,
    name: str = "",
) -> dict:
    """Make a unit test for promtool: at each time, exactly the named alerts fire, and no other.

    Parameters
    ----------
    series : sequence of {"series", "values"}
        As `as_series` returns them.
    expected : {time: names of alerts}
        Time as promtool reads it, such as "26h30m".
    step : int
        Minutes between two values.

    Raises
    ------
    ValueError
        If there is no such alert.

    Examples
    --------
    >>> cases = rule_test([], {"1h": ["IndexOld"]})["tests"][0]["alert_rule_test"]
    >>> [case["alertname"] for case in cases if case["exp_alerts"]]
    ['IndexOld']
    """
    rules = alert_rules()
    unknown = {name for names in expected.values() for name in names} - set(rules)
    if unknown:
        raise ValueError(f"there is no alert {sorted(unknown)[0]!r}, only {', '.join(rules)}")
    cases = [
        {
            "eval_time": time,
            "alertname": alert,
            "exp_alerts": [
                {"exp_labels": rules[alert]["labels"], "exp_annotations": rules[alert]["annotations"]}
            ]
            if alert in names
            else [],
        }
        for time, names in expected.items()
        for alert in rules
    ]
    one = {"name": name, "interval": f"{step}m", "input_series": list(series), "alert_rule_test": cases}
    rules_file = str(data_path("drift") / RULES)
    return {"rule_files": [rules_file], "evaluation_interval": f"{step}m", "tests": [one]}


def run_rule_test(test: Mapping) -> tuple[bool, str]:
    """Let promtool run a unit test: (passed?, what it said).

    Raises
    ------
    FileNotFoundError
        If promtool is not installed.
    """
    program = promtool()
    if program is None:
        raise FileNotFoundError("promtool is not installed (Debian: it is in the package prometheus)")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test.yaml"
        file.write_text(json.dumps(test), encoding="utf-8")  # JSON is YAML
        done = subprocess.run([program, "test", "rules", file], capture_output=True, text=True, check=False)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def firing_at(month: Month, start: int, stop: int, times: Sequence[str]) -> dict[str, list[str]]:
    """Ask promtool which alerts fire at given times, counted from step ``start`` of the month.

    It runs a test that expects none, and promtool's complaint names those that fired.
    """
    found, series = {}, as_series(month, start, stop)
    for time in times:
        said = run_rule_test(rule_test(series, {time: []}))[1]
        found[time] = [alert for alert in alert_rules() if f"alertname: {alert}," in said]
    return found
