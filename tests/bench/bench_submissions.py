"""Small submissions a second, stored, checked and readable: two forms, 2 KB of XML, one small picture in ten.

`python -m tests.bench.bench_submissions --seconds 60 --rate 900` starts a whole instance (two web processes, the
workers, fsync on), sends at that rate whatever the server does (`load_submissions`), on the same two cores, and then
opens and reads what was kept: a submission counts when its XML opens and parses, its form's version is known and its
picture opens to the same bytes. In the same run PostgreSQL alone writes the same rows again, in groups as large as the
fronts' were, over as many connections: the limit that is left.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from field_forms.openrosa import parse_instance
from ops.localstack.layout import REPOSITORY
from server.access.sealing import create_keys
from tests.bench.bench_intake import Watch, postgres_pids, rss_mb
from tests.bench.load_submissions import PICTURE_EVERY, Forms, instance_id, picture
from tests.bench.processes import loop_ms, total_cpu_s
from tests.support.instance import Instance

PORT = int(os.environ.get("BENCH_PORT", "8186"))
WORKERS = 2
_ROWS = (
    "SELECT s.id, s.instance_key, s.state, s.version_id, r.id AS report_id, r.body_sealed, r.data_key_wrapped"
    " FROM submissions s JOIN reports r ON r.id = s.report_id"
)
_FILES = (
    "SELECT a.instance_id, a.name, b.id, b.content_sealed, b.data_key_wrapped FROM attachments a"
    " JOIN blobs b ON b.id = a.blob_id"
)
_AGAIN = (
    "INSERT INTO bench_reports OVERRIDING SYSTEM VALUE SELECT * FROM reports WHERE id = ANY(%(ids)s)",
    "INSERT INTO bench_submissions OVERRIDING SYSTEM VALUE SELECT * FROM submissions WHERE report_id = ANY(%(ids)s)",
    "INSERT INTO bench_blobs SELECT * FROM blobs WHERE id IN (SELECT blob_id FROM attachments"  # noqa: ISC004 - one query
    " WHERE report_id = ANY(%(ids)s)) ON CONFLICT DO NOTHING",
    "INSERT INTO bench_attachments SELECT * FROM attachments WHERE report_id = ANY(%(ids)s)",
)


def load(port: int, token: str, rate: float, seconds: float, first: int) -> dict[str, Any]:
    """Run the load generator to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load_submissions", str(port), token, str(rate), str(seconds), str(first)],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def readable(dsn: str, home: Path, first: int, count: int) -> dict[str, int]:
    """How many of the numbers sent are there once, open, parse, know their form, and bear their picture."""
    sealing, forms = create_keys(home / "keys"), Forms()
    wanted = {instance_id(n): n for n in range(first, first + count)}
    found = {"stored": 0, "twice": 0, "readable": 0, "pictures": 0, "whole": 0}
    seen: set[int] = set()
    with psycopg.connect(dsn, row_factory=dict_row) as conn, conn.cursor("rows") as rows:
        for row in rows.execute(_ROWS):
            n = wanted.get(row["instance_key"], -1) if row["instance_key"] in wanted else _hashed(sealing, row, wanted)
            if n < 0:
                continue
            found["twice" if n in seen else "stored"] += 1
            seen.add(n)
            body = sealing.of("reports", row["report_id"], row["data_key_wrapped"]).open(
                "body_sealed", row["body_sealed"]
            )
            good = body == forms.xml(n) and parse_instance(body).instance_id == instance_id(n) and row["version_id"]
            found["readable"] += bool(good)
            found["whole"] += row["state"] == "whole"
    with psycopg.connect(dsn, row_factory=dict_row) as conn, conn.cursor("files") as files:
        for row in files.execute(_FILES):
            data = sealing.of("blobs", row["id"], row["data_key_wrapped"]).open("content_sealed", row["content_sealed"])
            found["pictures"] += data in _pictures(first, count)
    return found


_kept: dict[tuple[int, int], frozenset[bytes]] = {}


def _pictures(first: int, count: int) -> frozenset[bytes]:
    if (first, count) not in _kept:
        _kept[first, count] = frozenset(picture(n) for n in range(first, first + count) if n % PICTURE_EVERY == 0)
    return _kept[first, count]


def _hashed(sealing: Any, row: dict[str, Any], wanted: dict[str, int]) -> int:
    """A key that looks like a number stands as a hash: the instance says itself which it is."""
    body = sealing.of("reports", row["report_id"], row["data_key_wrapped"]).open("body_sealed", row["body_sealed"])
    return wanted.get(parse_instance(body).instance_id or "", -1)


def bare(dsn: str, group: int, seconds: float) -> float:
    """Rows a second that PostgreSQL alone takes: the same ones into tables of the same make, on two connections."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for table in ("reports", "submissions", "attachments", "blobs"):
            conn.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
        ids = [row[0] for row in conn.execute("SELECT report_id FROM submissions ORDER BY seq")]
    until, done = time.perf_counter() + seconds, [0, 0]

    def write(nth: int) -> None:
        with psycopg.connect(dsn) as conn:
            for start in range(nth * group, len(ids), 2 * group):
                if time.perf_counter() > until:
                    return
                for query in _AGAIN:
                    conn.execute(query, {"ids": ids[start : start + group]})
                conn.commit()
                done[nth] += len(ids[start : start + group])

    begun = time.perf_counter()
    threads = [threading.Thread(target=write, args=(nth,)) for nth in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def measure(instance: Instance, rate: float, seconds: float) -> dict[str, Any]:
    """One run."""
    status = instance.status()
    dsn, web = status["postgres"]["dsn"], status["web"]["pids"]
    token = instance.run("token", "create", "--role", "field", "--name", "bench").stdout.strip()
    load(instance.port, token, 200, 3, 9_000_000)
    watch = Watch(
        {
            "web": web,
            "worker": status["worker"]["pids"],
            "jobs": status["jobs"]["pids"],
            "redis": status["redis"]["pids"],
            "postgres": postgres_pids(status["postgres"]["pids"][0]),
        }
    )
    with psycopg.connect(dsn, autocommit=True) as conn:
        commits = _commits(conn)
        before, memory, machine = watch.now(), sum(map(rss_mb, web)), total_cpu_s()
        loops = [loop_ms()]
        figures = load(instance.port, token, rate, seconds, 1)
        after = watch.now()
        loops.append(loop_ms())
        machine = total_cpu_s() - machine
        figures["rss_mb"] = [round(memory), round(sum(map(rss_mb, web)))]
        commits = _commits(conn) - commits
    kept = figures["acknowledged"]
    figures["us_each"] = watch.between(before, after, kept) | {"load": round(figures["cpu_s"] / max(1, kept) * 1e6)}
    figures["others_cpu_s"] = round(machine - sum(after[n] - before[n] for n in after) - figures["cpu_s"], 1)
    figures["loop_ms"] = [round(ms, 2) for ms in loops]
    figures |= readable(dsn, instance.home, 1, figures["sent"])
    group = max(1, round(kept / max(1, commits)))
    figures["group"] = group
    figures["bare_per_s"] = round(bare(dsn, group, 15))
    figures["readable_per_s"] = round(figures["readable"] / figures["took_s"], 1)
    return figures


def _commits(conn: psycopg.Connection[Any]) -> int:
    """Groups of submissions so far: rows of one transaction share its number."""
    row = conn.execute("SELECT count(DISTINCT xmin::text) FROM submissions").fetchone()
    return int(row[0]) if row else 0


def run(rate: float = 900.0, seconds: float = 60.0) -> dict[str, Any]:
    """Measure on an instance of its own."""
    with tempfile.TemporaryDirectory(prefix="submissions-bench-") as folder:
        home = Path(os.environ.get("BENCH_HOME", folder))
        home.chmod(0o755)
        env = {"HAMYAR_WORKERS": str(WORKERS), "HAMYAR_DRILL": "1", "HAMYAR_GIVE_WAY": "1"}
        instance = Instance(home, PORT, env)
        instance.run("up", "--detach")
        try:
            return measure(instance, rate, seconds)
        finally:
            instance.run("down")


def main() -> None:
    """As told on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_submissions")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=900.0)
    asked = parser.parse_args()
    print(json.dumps(run(asked.rate, asked.seconds), indent=1))


if __name__ == "__main__":
    main()
