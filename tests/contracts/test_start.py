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


def test_who_serves_no_page_loads_no_web_framework() -> None:
    heavy = {"fastapi", "uvicorn", "jinja2", "folium", "pyxform", "openpyxl", "sklearn", "scipy"}
    found = _facts(
        f"import json, sys, server.worker, server.jobs; print(json.dumps({{'n': sorted({heavy} & set(sys.modules))}}))"
    )
    assert found == {"n": []}


def test_who_asks_how_it_stands_loads_nothing_of_the_server() -> None:
    found = _facts(
        """if True:
        import contextlib, io, json, sys
        sys.argv = ["hamyar", "status", "--json"]
        from ops.cli import build
        with contextlib.redirect_stdout(io.StringIO()):
            build()(standalone_mode=False)
        print(json.dumps({"n": sorted({name.split(".")[0] for name in sys.modules} &
                                      {"server", "mapping", "sqlalchemy", "psycopg", "pyxform", "openpyxl"})}))"""
    )
    assert found == {"n": []}
