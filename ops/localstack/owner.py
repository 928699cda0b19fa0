"""The unprivileged user that PostgreSQL and Redis run as, and folders that user can reach.

PostgreSQL refuses to run as root. Started by root we hand its folders to another user; started by anyone
else we stay who we are.
"""

import os
import pwd
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ops.localstack.layout import Layout
from ops.localstack.problem import Problem

# Root's own home and the like are closed to others; a cluster of such an instance lives here instead.
ELSEWHERE = Path("/var/lib/hamyar")
MOVED_FOLDERS = ("postgres", "redis", "run")


@dataclass(frozen=True)
class Owner:
    """A user's name and ids; ``foreign`` when it is not the one we run as."""

    name: str
    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether files must be handed over and processes must change user."""
        return self.uid != os.geteuid()

    @property
    def popen(self) -> dict[str, int | list[int]]:
        """Arguments for ``subprocess`` that make a child run as this user, with no group of ours left."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.foreign else {}


def choose_owner() -> Owner:
    """Return ourselves, or as root the user ``postgres``, else ``hamyar`` (made when absent)."""
    if os.geteuid() != 0:
        return _owner(pwd.getpwuid(os.geteuid()))
    for name in ("postgres", "hamyar"):
        try:
            return _owner(pwd.getpwnam(name))
        except KeyError:
            continue
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd is not None:
        subprocess.run([useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "hamyar"], check=False)
        try:
            return _owner(pwd.getpwnam("hamyar"))
        except KeyError:
            pass
    raise Problem(
        "owner.missing",
        fa=("PostgreSQL با کاربر root اجرا نمی‌شود و کاربر دیگری ساخته نشد. یک کاربر سیستمی به نام hamyar بسازید."),
        en=("PostgreSQL does not run as root and no other user could be made. Make a system user named hamyar."),
    )


def _owner(entry: pwd.struct_passwd) -> Owner:
    return Owner(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_reach(owner: Owner, folder: Path) -> bool:
    """Whether the owner can walk to ``folder`` (its nearest existing ancestor counts)."""
    while not folder.exists():
        folder = folder.parent
    if not owner.foreign:
        return os.access(folder, os.X_OK)
    # Asked of the kernel by a child of that user: mode bits alone miss access lists and mount options.
    done = subprocess.run(["/usr/bin/test", "-x", str(folder)], check=False, cwd="/", **owner.popen)  # type: ignore[call-overload]
    return bool(done.returncode == 0)


def make_folder(path: Path, owner: Owner | None = None, mode: int = 0o700) -> Path:
    """Make ``path`` with ``mode``; with an owner, hand it over. Refuses a link or a stranger's folder."""
    path.mkdir(parents=True, exist_ok=True)
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode) or found.st_uid not in {
        0,
        os.geteuid(),
        owner.uid if owner else os.geteuid(),
    }:
        raise Problem(
            "folder.strange",
            fa=f"پوشهٔ {path} از آنِ دیگری است یا پیوند است؛ آن را بردارید یا HAMYAR_HOME دیگری بدهید.",
            en=(f"The folder {path} belongs to somebody else or is a link; remove it or choose another HAMYAR_HOME."),
        )
    path.chmod(mode)
    if owner is not None and owner.foreign:
        os.chown(path, owner.uid, owner.gid)
    return path


def prepare_folders(layout: Layout, owner: Owner) -> list[tuple[str, str]]:
    """Make the instance's folders and return what a person should know, as (Persian, English) pairs."""
    notes: list[tuple[str, str]] = []
    home_mode = 0o711 if owner.foreign else 0o700
    make_folder(layout.home, mode=home_mode)
    make_folder(layout.logs)
    make_folder(layout.keys)
    if not can_reach(owner, layout.home):
        notes += _move_elsewhere(layout, owner)
    make_folder(layout.postgres, owner)
    make_folder(layout.redis, owner)
    make_folder(layout.sockets, owner)
    if layout.sockets_moved:
        notes.append(
            (
                f"مسیر HAMYAR_HOME برای سوکت یونیکس بلند است؛ سوکت‌ها در {layout.sockets} هستند.",
                f"HAMYAR_HOME is too long for a unix socket; the sockets are in {layout.sockets}.",
            )
        )
    return notes


def _move_elsewhere(layout: Layout, owner: Owner) -> list[tuple[str, str]]:
    """Put the server's folders where their user can walk, and leave links in the home."""
    place = ELSEWHERE / layout.digest
    notes = [
        (
            f"کاربر {owner.name} به {layout.home} راه ندارد؛ پایگاه داده در {place} است.",
            f"User {owner.name} cannot walk into {layout.home}; the database lives in {place}.",
        )
    ]
    linked = (layout.home / "postgres").is_symlink()
    if place.exists() and not linked:
        # The home was removed and made anew: old data is not this instance's, and nobody's to delete.
        aside = place.with_name(f"{place.name}.old-{time.strftime('%Y%m%d-%H%M%S')}")
        place.rename(aside)
        notes.append((f"دادهٔ پیشین در {aside} ماند.", f"Data of an earlier instance was kept in {aside}."))
    make_folder(ELSEWHERE, mode=0o755)
    make_folder(place, mode=0o711)
    for name in MOVED_FOLDERS:
        make_folder(place / name, owner)
        link = layout.home / name
        if not link.is_symlink():
            if link.exists():
                link.rmdir()
            link.symlink_to(place / name)
    if not can_reach(owner, place):
        raise Problem(
            "home.unreachable",
            fa=(f"کاربر {owner.name} نه به {layout.home} راه دارد نه به {place}. HAMYAR_HOME را جای بازی بگذارید."),
            en=(f"User {owner.name} reaches neither {layout.home} nor {place}. Set HAMYAR_HOME to an open place."),
        )
    return notes
