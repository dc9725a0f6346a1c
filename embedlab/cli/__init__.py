"""The command line. Each command imports what it needs when it runs, so that ``--help`` is quick."""

from embedlab.cli.main import app

__all__ = ["app"]
