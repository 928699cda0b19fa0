"""The one listening socket all web processes share, and who sits on the port when it is taken."""

import errno
import os
import socket
from pathlib import Path

from ops.localstack.layout import DEFAULT_PORT
from ops.localstack.problem import Problem

BACKLOG = 2048
LISTEN = "0A"
HIGHEST = 65535


def wished_number(variable: str, default: int, highest: int) -> int:
    """Return a whole number from the environment, between 1 and ``highest``."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if text.isascii() and text.isdigit() and 1 <= int(text) <= highest:
        return int(text)
    raise Problem(
        "setting.number",
        fa=f"{variable} باید عددی از ۱ تا {highest} باشد، نه «{text}».",
        en=f"{variable} must be a number from 1 to {highest}, not {text!r}.",
    )


def wished_port() -> int:
    """Return ``HAMYAR_PORT``, 8000 without it."""
    return wished_number("HAMYAR_PORT", DEFAULT_PORT, HIGHEST)


def wished_host() -> str:
    """Return ``HAMYAR_HOST``: this machine only, unless the operator opens it to the local network."""
    return os.environ.get("HAMYAR_HOST", "").strip() or "127.0.0.1"


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen. The supervisor keeps this socket, so callers wait out a web process's restart."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
        server.listen(BACKLOG)
    except OSError as error:
        server.close()
        raise _explain(error, host, port) from error
    return server


def _explain(error: OSError, host: str, port: int) -> Problem:
    if error.errno == errno.EADDRINUSE:
        who = holder(port)
        fa = f" در دست فرایند {who[0]} ({who[1]}) است" if who else " گرفته شده است"
        en = f"process {who[0]} ({who[1]})" if who else "another process"
        return Problem(
            "port.taken",
            fa=f"درگاه {port}{fa}. آن را ببندید یا HAMYAR_PORT دیگری بدهید.",
            en=f"Port {port} is taken by {en}. End it or choose another HAMYAR_PORT.",
        )
    return Problem(
        "port.refused",
        fa=(
            f"نمی‌توان روی {host}:{port} شنید: {error.strerror}. HAMYAR_PORT (۱۰۲۴ به بالا) یا HAMYAR_HOST را عوض کنید."
        ),
        en=(f"Cannot listen on {host}:{port}: {error.strerror}. Change HAMYAR_PORT (1024 or above) or HAMYAR_HOST."),
    )


def holder(port: int) -> tuple[int, str] | None:
    """Return id and name of the process that listens on ``port``, None when it is not ours to see."""
    inodes = {f"socket:[{inode}]" for inode in _listening(port)}
    if not inodes:
        return None
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if any(str(link.readlink()) in inodes for link in (entry / "fd").iterdir()):
                return int(entry.name), (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
    return None


def _listening(port: int) -> list[str]:
    """Return the inodes of sockets that listen on ``port`` (proc_net_tcp in the kernel's documentation)."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                found.append(fields[9])
    return found
