"""What an instance's processes cost: their CPU time and memory, from /proc."""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds so far (user and system, ended children too) and resident MB now."""

    cpu_s: float
    rss_mb: float


def cost(pids: Iterable[int]) -> Cost:
    """Of several processes together; those that are gone cost nothing."""
    ticks = pages = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(f) for f in fields[11:15])
        pages += int(fields[21])
    return Cost(ticks / TICK, pages * PAGE / 1e6)


def children(pid: int) -> list[int]:
    """A process and its direct children: PostgreSQL's server with its backends."""
    try:
        return [pid, *(int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    except OSError:
        return [pid]


def family(pid: int) -> list[int]:
    """A process with all that stem from it: also where PostgreSQL's server runs under a process that changes users."""
    found = children(pid)
    return [pid, *(member for child in found[1:] for member in family(child))]


def total_cpu_s() -> float:
    """CPU seconds that the whole machine has spent so far, whoever spent them."""
    fields = [int(f) for f in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


def spent(before: Mapping[str, Cost], after: Mapping[str, Cost], units: float) -> dict[str, float]:
    """CPU milliseconds a unit by name, and all together."""
    each = {name: round((after[name].cpu_s - before[name].cpu_s) * 1000 / max(1, units), 3) for name in after}
    return each | {"all": round(sum(each.values()), 3)}


def loop_ms() -> float:
    """CPU milliseconds of a small fixed loop: on cores that others use too the same work takes more of them."""
    began = time.process_time()
    total = 0
    for number in range(20_000):
        total += number * number % 7
    return (time.process_time() - began) * 1000
