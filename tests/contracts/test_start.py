"""What a start costs and what it leaves open is decided by what is imported."""

import json
import subprocess
import sys

from ops.localstack.layout import REPOSITORY


def _facts(code: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=100
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_nothing_is_open_before_the_fork() -> None:
    found = _facts(
        """if True:
        import gc, json, os
        from ops.localstack.nursery import preload
        before = dict(os.environ), sorted(os.listdir("/proc/self/fd"))
        preload()
        after = dict(os.environ), sorted(os.listdir("/proc/self/fd"))
        from server.kernel.settings import settings
        print(json.dumps({"same": before == after, "threads": len(os.listdir("/proc/self/task")),
                          "settings": settings.cache_info().currsize, "collects": gc.isenabled()}))"""
    )
    assert found == {"same": True, "threads": 1, "settings": 0, "collects": True}
