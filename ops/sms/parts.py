"""bearerbox and smsbox as parts of the instance: who they run as, how they start, and where their log lines go."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ops.localstack.layout import DEFAULT_PORT, Layout
from ops.localstack.logs import open_log
from ops.localstack.owner import Owner, can_reach, choose_owner, make_folder
from ops.localstack.parts import Child
from ops.localstack.problem import Problem
from ops.localstack.process import Running, spawn
from ops.sms.plan import Plan, config_file, read_plan
from ops.sms.render import render
from ops.sms.sieve import Sieve

BOXES = ("bearerbox", "smsbox")
SIGNALS = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
APT = "apt-get install kannel"
APT_FAKE = "apt-get install kannel-extras"
FAKESMSC = Path("/usr/lib/kannel/test/fakesmsc")
PLACES = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
LISTEN_S = 5.0
DOOR = "/intake/sms/kannel"
OWN_URL = f"http://127.0.0.1:{DEFAULT_PORT}"
WARNINGS = "2"
"""Kannel's log level: warnings and worse. At `info` (1) smsbox logs each message's words and both numbers."""
MOST_PAUSE_S = 2.0
PRIVATE = 0o700


def find_box(name: str) -> Path:
    """The program, or what to install."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PLACES}")
    if found is None:
        raise Problem(
            "kannel.missing",
            fa=f"Kannel ({name}) روی این دستگاه نیست. نصب کنید: {APT} (برای تمرین: {APT_FAKE})",
            en=f"Kannel ({name}) is not on this machine. Install it: {APT} (for drills also: {APT_FAKE})",
        )
    return Path(found)


def find_fakesmsc() -> Path:
    """The network's player for drills, or what to install."""
    if not FAKESMSC.exists():
        raise Problem(
            "kannel.fake_missing",
            fa=f"fakesmsc، شبکهٔ ساختگی Kannel، روی این دستگاه نیست. نصب کنید: {APT_FAKE}",
            en=f"fakesmsc, Kannel's played network, is not on this machine. Install it: {APT_FAKE}",
        )
    return FAKESMSC


def choose_box_owner(layout: Layout) -> Owner:
    """Ourselves; as root the user `kannel` that the package makes, where it can walk to the folder.

    Not the databases' user: a fault in what speaks to the networks must not reach their files.
    """
    if os.geteuid() == 0:
        try:
            entry = pwd.getpwnam("kannel")
        except KeyError:
            return choose_owner()
        owner = Owner(entry.pw_name, entry.pw_uid, entry.pw_gid)
        if can_reach(owner, layout.kannel.parent):
            return owner
    return choose_owner()


def write_config(layout: Layout, plan: Plan, url: str = "") -> Path:
    """Write kannel.conf and its folders: 0600 and 0700, of the boxes' own user. In one step, so none reads half."""
    owner = choose_box_owner(layout)
    # The boxes' user may walk through this folder, not change it: the plan in it is read with our rights.
    make_folder(layout.kannel, mode=0o711 if owner.foreign else 0o700)
    spool = Path(plan.spool)
    for folder in (spool, spool / "store", spool / "dlr"):
        if not _is_theirs(folder, owner):
            make_folder(folder, owner)
    path = config_file(layout)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(render(plan, door=plan.door or f"{url or OWN_URL}{DOOR}"))
        if owner.foreign:
            os.fchown(descriptor, owner.uid, owner.gid)
    fresh.replace(path)
    return path


def _is_theirs(folder: Path, owner: Owner) -> bool:
    """Whether the folder is there already as it should be: then nothing of theirs is touched with our rights."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner.uid and stat.S_IMODE(found.st_mode) == PRIVATE


@dataclass
class BoxLog:
    """One box's lines on their way through the sieve into its log. The supervisor reads them at each of its ticks.

    Nobody waits for anybody: a full pipe loses lines, which a log may, and Kannel goes on.
    """

    path: Path
    pipe: int = -1

    def renew(self) -> int:
        """A new pipe for a new process; gives the end that it writes to."""
        if self.pipe >= 0:
            self.tend()
            os.close(self.pipe)
        self.pipe, written = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.sieve = Sieve()
        return written

    def tend(self) -> None:
        """Write down what came."""
        found = b""
        while self.pipe >= 0:
            try:
                data = os.read(self.pipe, 65536)
            except BlockingIOError:
                break
            if not data:
                os.close(self.pipe)
                self.pipe = -1
                break
            found += self.sieve.feed(data)
        if found:
            try:
                with open_log(self.path) as log:
                    log.write(found)
            except OSError:
                # Out of room: messages go on without a log.
                return


def kannel_children(layout: Layout, url: str) -> list[Child]:
    """Both boxes, not yet started; none when no Kannel is configured. Raises Problem when it is not installed."""
    plan = read_plan(layout)
    if plan is None or not plan.links:
        return []
    write_config(layout, plan, url)
    bearer, sms = (_box(layout, name, find_box(name)) for name in BOXES)
    port = plan.ports["box"]
    bearer.after = lambda process: await_listener(process, port)
    # A smsbox that lost its bearerbox hands over what it holds, waits ten seconds and then starts a copy of itself that
    # nobody supervises. It has a second for the first of these.
    sms.follows = "bearerbox"
    return [bearer, sms]


def _box(layout: Layout, name: str, program: Path) -> Child:
    owner = choose_box_owner(layout)
    log = BoxLog(layout.logs / f"{name}.log")

    def start() -> subprocess.Popen[bytes]:
        written = log.renew()
        try:
            command = [str(program), "-v", WARNINGS, str(config_file(layout))]
            return spawn(command, log=written, owner=owner, env={"PATH": PLACES, "LC_ALL": "C"})
        finally:
            os.close(written)

    return Child(name, start, SIGNALS, tend=log.tend, group=True, most_pause=MOST_PAUSE_S)


def await_listener(process: Running, port: int) -> None:
    """Wait until bearerbox listens for smsbox, at most some seconds. Asked of the kernel: a connection would count."""
    deadline = time.monotonic() + LISTEN_S
    while time.monotonic() < deadline and process.poll() is None and not listens(port):
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether somebody on this machine listens on the TCP port (proc_net_tcp(5): state 0A)."""
    wanted = f":{port:04X}"
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        if any(fields[1].endswith(wanted) and fields[3] == "0A" for fields in (line.split() for line in lines)):
            return True
    return False
