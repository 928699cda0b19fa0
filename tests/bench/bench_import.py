"""Real reports from a file, on a durable instance: `hamyar import reports`, the whole process timed.

`run()` gives figures, `python -m tests.bench.bench_import` prints them. The limit in the same run: bare rows, sealed
already, by COPY into a table without indexes.
"""

import json
import os
import shutil
import statistics
import time
from pathlib import Path
from typing import Any

import psycopg

from ops.localstack.layout import REPOSITORY
from tests.support.instance import Instance

HAITI = REPOSITORY.parent / "shared" / "data" / "haiti_ushahidi" / "reports.csv"
RUNS = 3


def run(runs: int = RUNS) -> dict[str, Any]:
    """Seconds of the first and of a repeated import (medians), rows a second, and the bare COPY's."""
    home = Path(f"/tmp/hamyar-bench-import-{os.getpid()}")
    instance = Instance(home, env={"HAMYAR_DRILL": "1", "HAMYAR_GIVE_WAY": "1"})
    first, again, counts = [], [], {}
    try:
        instance.run("up", "--detach")
        for number in range(runs):
            command = (
                "import",
                "reports",
                str(HAITI),
                "--format",
                "ushahidi",
                "--emergency",
                f"haiti-{number}",
                "--json",
            )
            for seconds in (first, again):
                begin = time.monotonic()
                counts = json.loads(instance.run(*command).stdout.splitlines()[-1])
                seconds.append(time.monotonic() - begin)
        bare = _copy(instance.status()["postgres"]["dsn"])
    finally:
        instance.run("down", check=False)
        shutil.rmtree(home, ignore_errors=True)
    return {
        "rows": counts["rows"],
        "first_s": round(statistics.median(first), 2),
        "again_s": round(statistics.median(again), 2),
        "again_imported": counts["imported"],
        "rows_a_second": round(counts["rows"] / statistics.median(first)),
        "bare_copy_rows_a_second": round(counts["rows"] / bare),
    }


def _copy(dsn: str) -> float:
    with psycopg.connect(dsn) as conn:
        rows = conn.execute(
            "SELECT id, body_sealed, sender_sealed, meta_sealed, data_key_wrapped FROM reports"
        ).fetchall()
        conn.execute("CREATE TABLE bench_bare (id uuid, a bytea, b bytea, c bytea, d bytea)")
        begin = time.monotonic()
        with conn.cursor().copy("COPY bench_bare FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        conn.commit()
        seconds = time.monotonic() - begin
        conn.execute("DROP TABLE bench_bare")
    return seconds * 1949 / max(1, len(rows))


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
