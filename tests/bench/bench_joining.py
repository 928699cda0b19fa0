"""Joining with few and with a million reports stored: what a report costs in the chain, without reading it.

`python -m tests.bench.bench_joining --stored 1000 1000000` fills one scratch database step by step (rows made by
PostgreSQL itself: reports, links, voices, tallies, needs and incidents, all open and spoken of within the window, a few
places having most of them), and after each step lets the chain work so many new messages, several times. Printed:
CPU milliseconds a report, of this process and of the PostgreSQL backends that serve it (not of vacuum and checkpoints):
joining alone (`joined`: reports a second of CPU) and with reading, tasks and answers (`worked`), the median of the
runs, and how many times dearer joining is in the last step than in the first. Loopback only, in a temporary folder
(or `HAMYAR_BENCH_HOME`).
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg

from ops.localstack.stores import running
from server.access.context import Context
from server.kernel.ids import uuid7
from server.loops import ON_HEARD, ON_NEEDS
from server.places import service as places
from server.reports import chain_queries, parts
from server.reports.amending_queries import with_decisions
from server.reports.amending_rules import PERSON
from server.reports.hinting import with_hints
from server.reports.intake import Incoming, accept
from server.reports.understanding import Atlas, understand_all
from server.reports.weaving import Weaver
from tests.bench.bench_chain import DATABASE, World
from tests.bench.messages import stream
from tests.bench.processes import children, cost

VOICES: Final = 5
"""Reports of one stored record."""
EXACT: Final = 0.05
"""The share of stored needs that have an exact, sealed point."""
_BATCH: Final = 200
_SERVERS: Final[list[int]] = []
"""The PostgreSQL server that the run goes through."""

# Skewed by a cube: a tenth of the places have almost half of the records, as in a real flood.
_RECORDS: Final = """
CREATE TEMP TABLE made AS
WITH known AS (SELECT id, geom, row_number() OVER (ORDER BY md5(id::text)) - 1 AS n, count(*) OVER () AS all_places
               FROM places WHERE kind IN ('village', 'town', 'city')),
     wanted AS (SELECT g AS n, random() ^ 3 AS spot, random() AS kind, random() AS what, random() AS age
                FROM generate_series(%(first)s::int, %(last)s::int) g)
SELECT w.n, gen_random_uuid() AS id, k.id AS place_id, k.geom, w.kind < 0.6 AS need,
  CASE WHEN w.kind < 0.6 THEN (%(needs)s::text[])[1 + floor(w.what * %(n_needs)s)::int]
       ELSE (%(incidents)s::text[])[1 + floor(w.what * %(n_incidents)s)::int] END AS category,
  clock_timestamp() - w.age * interval '70 hours' AS at
FROM wanted w JOIN known k ON k.n = floor(w.spot * k.all_places)::int
"""
_FILL: Final = (
    """
INSERT INTO needs (id, code, emergency_id, category, people, corroboration, place_id, geom_shown, accuracy_m,
  first_reported_at, last_reported_at, urgency, sealing_key_id, data_key_wrapped)
SELECT id, 'N-B' || n, %(emergency)s, category, 5, %(voices)s, place_id, geom, 5000, at, at, 'high', 'bench', ''
FROM made WHERE need""",
    """
INSERT INTO incidents (id, code, emergency_id, category, people, corroboration, place_id, geom, accuracy_m,
  first_reported_at, last_reported_at, urgency)
SELECT id, 'I-B' || n, %(emergency)s, category, 5, %(voices)s, place_id, geom, 5000, at, at, 'high'
FROM made WHERE NOT need""",
    """
CREATE TEMP TABLE told AS SELECT gen_random_uuid() AS id, m.n * %(voices)s + v AS n, m.id AS record, m.need, m.at,
  sha256(floor(random() * 200000)::text::bytea) AS sender,
  jsonb_build_object('voice', 1, 'urgency:high', 1, 'people', 1 + (m.n %% 9),
    'mark:alley#:' || substr(md5((m.n %% 400)::text), 1, 12), 1) AS said
FROM made m, generate_series(1, %(voices)s) v""",
    """
INSERT INTO reports (id, receipt, emergency_id, channel, source, source_key, body_hash, received_at, sender_hash,
  body_sealed, sealing_key_id, data_key_wrapped, read_state, read_at)
SELECT id, 'B' || n, %(emergency)s, 'sms', 'bench', n::text, sha256(n::text::bytea), at, sender,
  decode(repeat('00', 160), 'hex'), 'bench', '', 'read', at FROM told""",
    """
INSERT INTO readings (id, report_id, rules_version, reading)
SELECT gen_random_uuid(), id, 'bench', '{"kind": "report", "place": null}' FROM told""",
    """
INSERT INTO report_links (id, report_id, need_id, incident_id, role, sender_hash, said, said_at, made_by)
SELECT gen_random_uuid(), id, CASE WHEN need THEN record END, CASE WHEN NOT need THEN record END, 'primary', sender,
  said, at, 'chain' FROM told""",
    """
INSERT INTO report_voices (subject_id, voice, words)
SELECT record, sender, jsonb_build_object('voice', jsonb_build_array(1, 1)) FROM told ON CONFLICT DO NOTHING""",
    """
INSERT INTO report_tallies (subject_id, counts, first_at, last_at)
SELECT m.id, jsonb_build_array(jsonb_build_array('voice', 1, %(voices)s), jsonb_build_array('urgency:high', 1, 5),
  jsonb_build_array('people', 1 + (n %% 9), 5),
  jsonb_build_array('mark:alley#:' || substr(md5((n %% 400)::text), 1, 12), 1, 5)), at, at FROM made m""",
    "DROP TABLE told",
)
_NEEDS: Final = ["water", "food", "shelter", "bedding", "medicine", "infant_care", "heating", "clothing", "hygiene"]
_INCIDENTS: Final = ["bridge_out", "road_blocked", "flooding", "power_outage", "building_collapsed", "trapped_people"]


def run(stored: Sequence[int], reports: int, runs: int) -> dict[str, Any]:
    """The figures after each number of stored reports, and how much dearer the last is than the first."""
    kept = os.environ.get("HAMYAR_BENCH_HOME")
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hamyar-bench-") as made, running(Path(kept or made)) as stores:
        world = World(stores)
        _SERVERS[:] = [stores.children[0].pid]
        owner = stores.layout.dsn(DATABASE, "postgres")
        done = 0
        for step, wanted in enumerate(sorted(stored)):
            began = time.perf_counter()
            _fill(owner, world.emergency, done, wanted)
            done = wanted
            exact = world.with_context(lambda ctx: _exact_points(ctx, owner))
            sys.stderr.write(f"{wanted} reports stored in {time.perf_counter() - began:.0f} s, {exact} sealed points\n")
            figures[f"stored {wanted}"] = world.with_context(lambda ctx: _measure(ctx, world, reports, runs, step))  # noqa: B023 - called at once
    first, last = (figures[f"stored {n}"]["join_ms"]["median"] for n in (min(stored), max(stored)))
    figures["dearer"] = round(last / first, 2)
    return figures


def _fill(dsn: str, emergency: UUID, already: int, wanted: int) -> None:
    """Bring the database to so many reports, made by PostgreSQL."""
    values = {
        "emergency": emergency,
        "voices": VOICES,
        "first": already // VOICES + 1,
        "last": wanted // VOICES,
        "needs": _NEEDS,
        "n_needs": len(_NEEDS),
        "incidents": _INCIDENTS,
        "n_incidents": len(_INCIDENTS),
    }
    with psycopg.connect(dsn) as conn:
        # Rows made for each other need no checks of each other, and nobody listens to them.
        conn.execute("SET session_replication_role = replica")
        conn.execute(_RECORDS, values)
        for statement in _FILL:
            conn.execute(statement, values)
        conn.commit()
        conn.autocommit = True
        # As it lies after hours: pages that nobody has read yet since they were written cost their first reader.
        conn.execute("VACUUM (ANALYZE)")


async def _exact_points(ctx: Context, dsn: str) -> int:
    """Give a share of the needs an exact point, sealed as the product seals it."""
    dice = random.Random(4)
    async with ctx.db.tx() as conn:
        rows = await (
            await conn.execute(
                "SELECT id, ST_X(geom_shown) AS lon, ST_Y(geom_shown) AS lat FROM needs TABLESAMPLE BERNOULLI (%s)"
                " REPEATABLE (4) WHERE sealing_key_id = 'bench'",
                (EXACT * 100,),
            )
        ).fetchall()
    sealed = []
    for row in rows:
        record = ctx.sealing.new("needs", row["id"])
        lon, lat = row["lon"] + dice.uniform(-0.02, 0.02), row["lat"] + dice.uniform(-0.02, 0.02)
        point = record.seal("geom_exact_sealed", orjson.dumps([lon, lat]))
        sealed.append((point, record.wrapped, record.key_id, *ctx.sealing.blur(lon, lat), row["id"]))
    with psycopg.connect(dsn) as owner, owner.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.executemany(
            "UPDATE needs SET geom_exact_sealed = %s, data_key_wrapped = %s, sealing_key_id = %s, accuracy_m = 100,"
            " geom_shown = ST_SetSRID(ST_MakePoint(%s, %s), 4326) WHERE id = %s",
            sealed,
        )
    return len(sealed)


async def _measure(ctx: Context, world: World, reports: int, runs: int, step: int) -> dict[str, Any]:
    """Let the chain work `reports` new messages, `runs` times and once before to warm up."""
    messages = stream(100 + step)
    taken = [await _one_run(ctx, world.emergency, list(islice(messages, reports))) for _ in range(runs + 1)][1:]
    figures: dict[str, Any] = {}
    for name, values in (
        ("join_ms", [join / reports * 1000 for _, join, _ in taken]),
        ("read_ms", [read / reports * 1000 for read, _, _ in taken]),
        ("follow_ms", [follow / reports * 1000 for _, _, follow in taken]),
    ):
        figures[name] = {"median": round(statistics.median(values), 3), "all": [round(v, 2) for v in values]}
    figures["joined_a_second"] = round(1000 / figures["join_ms"]["median"])
    whole = sum(figures[name]["median"] for name in ("join_ms", "read_ms", "follow_ms"))
    figures["worked_a_second"] = round(1000 / whole)
    async with ctx.db.tx() as conn:
        found = await (
            await conn.execute(
                "SELECT (SELECT count(*) FROM reports) AS reports, (SELECT count(*) FROM needs) AS needs,"
                " (SELECT count(*) FROM incidents) AS incidents, (SELECT count(*) FROM join_proposals) AS asked"
            )
        ).fetchall()
    return figures | {"rows": dict(found[0])}


async def _one_run(ctx: Context, emergency: UUID, messages: Sequence[Any]) -> tuple[float, float, float]:
    """CPU seconds spent reading, joining (taking, deciding, writing, committing), and on what follows from it."""
    async with ctx.db.tx() as conn:
        await accept(
            conn,
            ctx,
            [
                Incoming("sms", "sms:bench", str(uuid7()), m.text.encode(), m.sender, emergency_id=emergency)
                for m in messages
            ],
        )
    hooks = _Timed()
    weaver = Weaver(ctx, [hooks.of(h) for h in ON_NEEDS], [hooks.of(h) for h in ON_HEARD])
    reading, began = 0.0, _cpu_s()
    while (spent := await _one_batch(ctx, weaver)) is not None:
        reading += spent
    return reading, _cpu_s() - began - reading - hooks.spent, hooks.spent


def _cpu_s() -> float:
    """CPU seconds so far of this process and the backends of its database; told in ticks of 10 ms."""
    return time.process_time() + cost(pid for server in _SERVERS for pid in children(server) if _serves(pid)).cpu_s


def _serves(pid: int) -> bool:
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return DATABASE.encode() in title and b"autovacuum" not in title


class _Timed:
    """CPU seconds spent in what follows from joining: tasks, answers, what people have to look at."""

    def __init__(self) -> None:
        self.spent = 0.0

    def of(self, hook: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The hook, timed."""

        async def timed(*given: Any) -> Any:
            began = _cpu_s()
            try:
                return await hook(*given)
            finally:
                self.spent += _cpu_s() - began

        return timed


async def _one_batch(ctx: Context, weaver: Weaver) -> float | None:
    """One batch as the chain works it; CPU seconds spent reading, None when nothing was left."""
    atlas = Atlas(await places.gazetteer(ctx), await places.place_ids(ctx))
    async with ctx.db.tx() as conn:
        rows = await chain_queries.take(conn, _BATCH)
        ready = await with_hints(conn, await with_decisions(conn, await parts.gather(conn, ctx, rows), PERSON))
        if not ready:
            return 0.0 if rows else None
        began = time.process_time()
        batch = understand_all(ctx.sealing, atlas, ready, ctx.settings.country)
        spent = time.process_time() - began
        if batch.bad:
            raise RuntimeError(f"not read: {batch.bad[:3]}")
        await chain_queries.lock_emergencies(conn, [r.emergency_id for r in batch.good if r.emergency_id])
        await weaver.weave(conn, batch.good, rows[0]["now"])
    return spent


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, nargs="*", default=[1000, 1_000_000])
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    sys.stdout.write(json.dumps(run(asked.stored, asked.reports, asked.runs), indent=1) + "\n")


if __name__ == "__main__":
    main()
