"""Pictures from strangers, looked at by a child process that may fail, starve or be taken over without harm.

The child has no secret in its environment, and is bounded in memory, output, processor time and wall time. It
decodes the whole picture (so that what is shown is known to be one), and answers with what stands beside it, the
file without that, and a smaller copy to show.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from field_forms.exif import Position, sniff

MAX_ANSWER = 96 * 1024 * 1024
"""Bytes that the child can write; into memory that has no name in any file system."""
KINDS = ("image/jpeg", "image/png", "image/webp")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one look: bytes of the file, points of the picture, bytes of memory, seconds of CPU and of wall."""

    file_bytes: int = 25 * 1024 * 1024
    points: int = 40_000_000
    memory: int = 512 * 1024 * 1024
    cpu_s: int = 20
    wall_s: float = 40.0
    shown: int = 1_600
    """Longest side of the copy to show, in points."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was decoded: `safe` is the file without position and other words, `shown` a JPEG to show."""

    kind: str
    width: int
    height: int
    position: Position | None
    taken: str | None
    safe: bytes
    shown: bytes


class PictureRefused(ValueError):
    """Not to be shown: `reason` is one of too_large, not_a_picture, too_many_points, damaged, too_costly."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def examine(data: bytes, limits: Limits | None = None) -> Picture:
    """Look at a picture in a child process. Raises `PictureRefused`. Blocks: call it in a thread."""
    bounds = limits or Limits()
    if len(data) > bounds.file_bytes:
        raise PictureRefused("too_large")
    if sniff(data) not in KINDS:
        raise PictureRefused("not_a_picture")
    told = json.dumps([bounds.points, bounds.memory, bounds.cpu_s, bounds.shown])
    room = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONDONTWRITEBYTECODE": "1"}
    answer = os.memfd_create("picture")
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and numbers of our own
            [sys.executable, "-m", "field_forms.picture_child", told],
            input=data,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env=room,
            timeout=bounds.wall_s,
            check=False,
        )
        out = os.pread(answer, os.fstat(answer).st_size, 0)
    except subprocess.TimeoutExpired as error:
        raise PictureRefused("too_costly") from error
    finally:
        os.close(answer)
    if done.returncode:
        raise PictureRefused("too_costly" if done.returncode < 0 else "damaged")
    return _answer(out)


def _answer(out: bytes) -> Picture:
    """What the child wrote: a line of JSON, then the files, of the lengths that it names. It may lie, or be cut."""
    line, _, rest = out.partition(b"\n")
    try:
        said: dict[str, Any] = json.loads(line)
        if "refused" in said:
            raise PictureRefused(str(said["refused"]))
        point = said["position"]
        safe, shown = int(said["safe"]), int(said["shown"])
        if len(rest) != safe + shown or safe < 0:
            raise PictureRefused("damaged")
        return Picture(
            kind=str(said["kind"]),
            width=int(said["width"]),
            height=int(said["height"]),
            position=Position(*point) if point else None,
            taken=said["taken"],
            safe=rest[:safe],
            shown=rest[safe:],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise error if isinstance(error, PictureRefused) else PictureRefused("damaged") from error


def confine(memory: int, cpu_s: int) -> None:
    """Bound this process for good: memory and output (bytes), processor time (s); no core, no child of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_ANSWER, MAX_ANSWER))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
