"""A PostgreSQL with pgvector that runs in the background: ``embedlab db``."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from embedlab.cli.printing import AsJson, Commands
from embedlab.study.faces import plain_errors

if TYPE_CHECKING:
    from embedlab.machine import Server

app = typer.Typer(
    cls=Commands,
    help="Run PostgreSQL with pgvector in the background, until it is stopped or the computer is.",
    no_args_is_help=True,
)
Folder = Annotated[
    Path | None,
    typer.Option(help="A folder of its own; without, $EMBEDLAB_DB, or one in your folder for data."),
]


def _running(folder: Path | None) -> "Server":
    from embedlab.machine import PostgresError, default_folder, running

    if not (db := running(folder)):
        raise PostgresError(f"no PostgreSQL is running in {folder or default_folder()}: embedlab db start")
    return db


@app.command()
def start(
    folder: Folder = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="On 127.0.0.1; without, a free one.")
    ] = None,
) -> None:
    """Start it, and print its URL; where it runs already, only print that."""
    with plain_errors():
        from embedlab.machine import PostgresError, default_folder, new_server, prepare, running

        db = running(folder)
        if db and port not in (None, db.port):
            raise PostgresError(f"it runs already, on port {db.port}: embedlab db stop")
        if not db:
            db = new_server(folder or default_folder(), port=port)
            db.start(background=True)
            try:
                prepare(db.url)
            except BaseException:
                db.stop()
                raise
    typer.echo(db.url)


@app.command()
def stop(folder: Folder = None) -> None:
    """Stop it in good order; the data stay."""
    with plain_errors():
        db = _running(folder)
        pid = db.pid
        db.stop()
    typer.echo(f"stopped process {pid}; the data stay in {db.folder}")


@app.command()
def status(folder: Folder = None, as_json: AsJson = False) -> None:
    """Say whether it runs, and where; exit with 1 where it does not."""
    import json

    with plain_errors():
        from embedlab.machine import default_folder, running

        db = running(folder)
        about = {"running": bool(db), "folder": str(db.folder if db else folder or default_folder())}
        if db:
            about |= {"pid": db.pid, "port": db.port}
    if as_json:
        typer.echo(json.dumps(about))
    elif db:
        typer.echo(f"running as process {about['pid']} on port {about['port']}, data in {about['folder']}")
    else:
        typer.echo(f"not running, data in {about['folder']}")
    raise typer.Exit(0 if db else 1)


@app.command()
def url(folder: Folder = None) -> None:
    """Print the URL that programs connect with. The password is in it."""
    with plain_errors():
        db = _running(folder)
    typer.echo(db.url)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def psql(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="For psql, after two dashes: -- -c 'SELECT 1'")
    ] = None,
    folder: Folder = None,
) -> None:
    """Open PostgreSQL's own command line on it, psql."""
    with plain_errors():
        from urllib.parse import urlsplit

        from embedlab.machine import postgres_programs

        parts = urlsplit(_running(folder).url)
        where = {"HOST": parts.hostname, "PORT": str(parts.port), "USER": parts.username}
        where |= {
            "PASSWORD": parts.password,
            "DATABASE": parts.path[1:],
        }  # not arguments: others can see those
        environment = os.environ | {f"PG{name}": value for name, value in where.items()}
        program = postgres_programs(None) / ("psql.exe" if os.name == "nt" else "psql")
        done = subprocess.run([program, *(arguments or [])], env=environment)
    sys.stdout.flush()
    raise typer.Exit(done.returncode)
