"""What a start costs: CPU seconds of `hamyar up` for a fresh home and again, and of what follows a kill.

`python -m tests.bench.bench_start`. CPU is that of the command, the supervisor and all below it, so that other work on
the machine does not count; a fixed loop's time in the same run says how busy it was.
"""

import json
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from ops.localstack.state import read_state
from ops.localstack.supervisor import answers_ready
from tests.bench.processes import children, cost, loop_ms
from tests.support.instance import Instance, wait_until


def _command(instance: Instance, *arguments: str) -> float:
    """Run a command; its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    instance.run(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _below(instance: Instance) -> float:
    """CPU seconds of the supervisor, its children and theirs so far."""
    pids = {pid for child in children(instance.supervisor()) for pid in children(child)}
    return cost(pids).cpu_s


def _up(instance: Instance) -> dict[str, float]:
    began = time.monotonic()
    command = _command(instance, "up", "--detach")
    return {"cpu_s": round(command + _below(instance), 2), "wall_s": round(time.monotonic() - began, 1)}


def _kill_web(instance: Instance) -> dict[str, float]:
    """CPU and wall seconds until `/readyz` answers after every web process was killed."""
    old = instance.pids("web")
    supervisor, began = cost([instance.supervisor()]).cpu_s, time.monotonic()
    instance.kill(*old)
    # Until a new one accepts, the supervisor's socket keeps the question.
    wait_until(lambda: answers_ready("127.0.0.1", instance.port) and bool(set(instance.pids("web")) - set(old)))
    wall = time.monotonic() - began
    new = cost(instance.pids("web")).cpu_s + cost([instance.supervisor()]).cpu_s - supervisor
    return {"cpu_s": round(new, 2), "wall_s": round(wall, 2)}


def _memory_mb(instance: Instance) -> int:
    """Proportional set size of the supervisor and its Python processes together (proc_pid_smaps(5)), in MB."""
    parts = read_state(instance.layout).parts
    pids = [instance.supervisor(), *(one.pid for part in ("web", "worker", "jobs") for one in parts[part])]
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("Pss:")) // 1024


def run() -> dict[str, Any]:
    """One fresh home with one web process."""
    home = Path(tempfile.mkdtemp(prefix="hamyar-bench-"))
    instance = Instance(home, env={"HAMYAR_DRILL": "1", "HAMYAR_WORKERS": "1"})
    try:
        figures: dict[str, Any] = {"first": _up(instance), "status_cpu_s": round(_command(instance, "status"), 2)}
        figures["down_cpu_s"] = round(_command(instance, "down"), 2)
        figures["second"] = _up(instance)
        figures["web_killed"] = _kill_web(instance)
        time.sleep(5)
        figures |= {"memory_mb": _memory_mb(instance), "loop_ms": round(loop_ms(), 2)}
    finally:
        instance.run("down", check=False)
        shutil.rmtree(home, ignore_errors=True)
    return figures


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
