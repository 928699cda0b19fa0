"""Synthetic load for a drill instance: needs and incidents round real towns, tasks in queues, volunteers; by COPY.

Points gather round populated places (more people, more points), as reports do. Nothing personal is made up: rows have
codes and categories only, so a seeded instance is verified like any other.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import orjson

from server.access.context import Context
from server.dispatch.count_queries import recount
from server.dispatch.rules import kind_of, skills_of
from server.emergencies.service import ensure
from server.kernel.db import Conn
from server.kernel.ids import ALPHABET, BASE, check_sign, uuid7
from server.maps.queries import rebuild_cells, rebuild_features
from server.needs.rules import Facts, priority
from server.places.queries import nearest_centre
from server.places.service import create_centre
from server.reports.checking_queries import mark_all
from server.standards.taxonomy import INCIDENTS, NEEDS

CODE = "bench-seed"
CENTRES = 40
DAYS = 10
"""Features were last reported within so many days."""
SPREAD_DEGREES = 0.08
Tell = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many to make."""

    features: int
    tasks: int
    volunteers: int


@dataclass(frozen=True, slots=True)
class Town:
    """Where points gather: lon, lat in degrees, the nearest centre."""

    id: UUID
    lon: float
    lat: float
    population: int
    centre: UUID


async def seed(ctx: Context, amounts: Amounts, tell: Tell) -> dict[str, int]:
    """Add the load to the sole drill emergency, or to one of its own. Returns what was added."""
    dice = random.Random(amounts.features * 31 + amounts.tasks)  # noqa: S311 - the same load at every call
    async with ctx.db.tx() as conn:
        emergency = await _emergency(conn)
        towns = await _towns(conn)
        start = await _next_number(conn)
    async with ctx.db.tx() as conn:
        # Needs carry the tasks, so there are at least as many needs as tasks.
        needs = max(amounts.tasks, amounts.features // 2)
        await _copy_needs(conn, dice, emergency, towns, needs, amounts.tasks, start)
        tell("needs", needs)
        incidents = max(0, amounts.features - needs)
        await _copy_incidents(conn, dice, emergency, towns, incidents, start)
        tell("incidents", incidents)
        await _tasks(conn, emergency, start)
        tell("tasks", amounts.tasks)
        await _copy_volunteers(conn, dice, towns, amounts.volunteers, start)
        tell("volunteers", amounts.volunteers)
        await rebuild_features(conn, tell)
        cells = await rebuild_cells(conn, tell)
        await mark_all(conn)
        await recount(conn)
    async with ctx.db.pool.connection() as conn:
        await conn.set_autocommit(True)
        for table in ("needs", "incidents", "tasks", "volunteers", "task_loads", "map_features", "map_cells"):
            await conn.execute(f"VACUUM (ANALYZE) {table}")
            tell(f"analyse {table}", 0)
        await conn.set_autocommit(False)
    return {
        "features": needs + incidents,
        "needs": needs,
        "incidents": incidents,
        "tasks": amounts.tasks,
        "volunteers": amounts.volunteers,
        "cells": cells,
    }


async def _emergency(conn: Conn) -> UUID:
    rows = await (await conn.execute("SELECT id FROM emergencies WHERE status = 'open' AND drill LIMIT 2")).fetchall()
    if len(rows) == 1:
        found: UUID = rows[0]["id"]
        return found
    return await ensure(conn, CODE, ("بار آزمایشی", "Synthetic load"), "other", drill=True, actor="bench")


async def _towns(conn: Conn) -> list[Town]:
    rows = await (
        await conn.execute(
            "SELECT id, ST_X(geom) AS lon, ST_Y(geom) AS lat, population, name_fa, name_en FROM places"
            " WHERE kind IN ('city', 'town', 'village') ORDER BY population DESC, id LIMIT 600"
        )
    ).fetchall()
    if not rows:
        raise RuntimeError("the gazetteer is empty: start the instance once with `hamyar up`")
    count = await (await conn.execute("SELECT count(*) AS n FROM centres")).fetchone()
    for row in rows[: max(0, CENTRES - (count["n"] if count else 0))]:
        names = {"name_fa": row["name_fa"] or row["name_en"], "name_en": row["name_en"]}
        await create_centre(conn, {**names, "lon": row["lon"], "lat": row["lat"], "place_id": row["id"]}, "bench")
    towns = []
    for row in rows:
        centre = await nearest_centre(conn, row["lon"], row["lat"])
        if centre:
            towns.append(Town(row["id"], row["lon"], row["lat"], max(500, row["population"]), centre))
    return towns


async def _next_number(conn: Conn) -> int:
    row = await (await conn.execute("SELECT count(*) AS n FROM needs WHERE code LIKE 'N-_________'")).fetchone()
    other = await (await conn.execute("SELECT count(*) AS n FROM incidents WHERE code LIKE 'I-_________'")).fetchone()
    return max(row["n"] if row else 0, other["n"] if other else 0)


def numbered(prefix: str, number: int) -> str:
    """The code of a seeded row: nine signs, one more than codes given to people, so that the two never meet."""
    body = ""
    for _ in range(8):
        number, digit = divmod(number, BASE)
        body = ALPHABET[digit] + body
    return f"{prefix}{body}{check_sign(body)}"


def _points(dice: random.Random, towns: Sequence[Town], count: int) -> Iterator[tuple[Town, float, float]]:
    weights = list(accumulate(town.population**0.5 for town in towns))
    for town in dice.choices(towns, cum_weights=weights, k=count):
        yield (
            town,
            round(town.lon + dice.gauss(0, SPREAD_DEGREES), 5),
            round(town.lat + dice.gauss(0, SPREAD_DEGREES), 5),
        )


def _moment(dice: random.Random, now: datetime) -> datetime:
    return now - timedelta(seconds=dice.random() ** 2 * DAYS * 86_400)


_URGENCY = ("life", "high", "high", "normal", "normal", "normal", "normal", "normal")


async def _copy_needs(
    conn: Conn, dice: random.Random, emergency: UUID, towns: Sequence[Town], count: int, tasked: int, start: int
) -> None:
    now, categories = datetime.now(UTC), list(NEEDS)
    columns = (
        "id, code, emergency_id, category, status, urgency, quantity, people, priority, priority_why, place_id,"
        " geom_shown, accuracy_m, first_reported_at, last_reported_at"
    )
    async with conn.cursor() as cursor, cursor.copy(f"COPY needs ({columns}) FROM STDIN") as copy:
        for number, (town, lon, lat) in enumerate(_points(dice, towns, count)):
            urgency, at = dice.choice(_URGENCY), _moment(dice, now)
            status = "tasked" if number < tasked else ("met" if number % 2 else "open")
            category, people, age_h = dice.choice(categories), dice.randrange(1, 300), (now - at).total_seconds() / 3600
            # The score the chain would give: else it would rank the whole load anew in its first minute.
            score = priority(Facts(category, urgency, people, corroboration=0, age_h=age_h))
            await copy.write_row(
                (
                    uuid7(),
                    numbered("N-", start + number),
                    emergency,
                    category,
                    status,
                    urgency,
                    dice.randrange(1, 400),
                    people,
                    score.value,
                    orjson.dumps(list(score.why)).decode(),
                    town.id,
                    f"SRID=4326;POINT({lon} {lat})",
                    1000,
                    at,
                    at,
                )
            )


async def _copy_incidents(
    conn: Conn, dice: random.Random, emergency: UUID, towns: Sequence[Town], count: int, start: int
) -> None:
    now, categories = datetime.now(UTC), list(INCIDENTS)
    columns = (
        "id, code, emergency_id, category, status, urgency, people, place_id, geom, accuracy_m, first_reported_at,"
        " last_reported_at"
    )
    async with conn.cursor() as cursor, cursor.copy(f"COPY incidents ({columns}) FROM STDIN") as copy:
        for number, (town, lon, lat) in enumerate(_points(dice, towns, count)):
            at = _moment(dice, now)
            await copy.write_row(
                (
                    uuid7(),
                    numbered("I-", start + number),
                    emergency,
                    dice.choice(categories),
                    "resolved" if number % 3 == 0 else "open",
                    dice.choice(_URGENCY),
                    dice.randrange(1, 300),
                    town.id,
                    f"SRID=4326;POINT({lon} {lat})",
                    500,
                    at,
                    at,
                )
            )


_KINDS = "SELECT * FROM unnest(%(categories)s::text[], %(kinds)s::text[]) AS k (category, kind)"
_SEEDED = (
    "SELECT n.id, n.emergency_id, n.urgency, n.priority, n.geom_shown, k.kind, k.category, c.id AS centre_id,"
    " row_number() OVER (ORDER BY n.code) AS number FROM needs n JOIN kinds k ON k.category = n.category"
    " CROSS JOIN LATERAL (SELECT id FROM centres WHERE active ORDER BY geom <-> n.geom_shown LIMIT 1) c"
    " WHERE n.emergency_id = %(emergency)s AND n.status = 'tasked' AND n.code LIKE 'N-_________'"
    " AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.need_id = n.id)"
)


async def _tasks(conn: Conn, emergency: UUID, start: int) -> None:
    """A queued task for each seeded need that is to have one, in the queue of its nearest centre."""
    del start
    values = {"emergency": emergency, "categories": list(NEEDS), "kinds": [kind_of(c) for c in NEEDS]}
    await conn.execute("ANALYZE needs")
    await conn.execute(f"CREATE TEMPORARY TABLE seeded ON COMMIT DROP AS WITH kinds AS ({_KINDS}) {_SEEDED}", values)
    await conn.execute(
        "INSERT INTO queues (id, emergency_id, centre_id, kind) SELECT gen_random_uuid(), emergency_id, centre_id, kind"
        " FROM seeded GROUP BY emergency_id, centre_id, kind ON CONFLICT DO NOTHING"
    )
    rows = await (await conn.execute("SELECT count(*) AS n FROM seeded")).fetchone()
    first = await (await conn.execute("SELECT count(*) AS n FROM tasks WHERE code LIKE 'T-_________'")).fetchone()
    count, base = (rows["n"] if rows else 0), (first["n"] if first else 0)
    await conn.execute(
        "CREATE TEMPORARY TABLE seeded_codes (number bigint PRIMARY KEY, id uuid, code text) ON COMMIT DROP"
    )
    async with conn.cursor() as cursor, cursor.copy("COPY seeded_codes FROM STDIN") as copy:
        for number in range(count):
            await copy.write_row((number + 1, uuid7(), numbered("T-", base + number)))
    skills: dict[str, Any] = {"categories": list(NEEDS), "skills": [",".join(skills_of(c)) for c in NEEDS]}
    await conn.execute(
        "INSERT INTO tasks (id, code, emergency_id, queue_id, kind, need_id, urgency, priority, skills, geom_shown)"
        " SELECT c.id, c.code, s.emergency_id, q.id, s.kind, s.id, s.urgency, s.priority,"
        " string_to_array(k.skills, ','), s.geom_shown FROM seeded s JOIN seeded_codes c USING (number)"
        " JOIN queues q ON (q.emergency_id, q.centre_id, q.kind) = (s.emergency_id, s.centre_id, s.kind)"
        " JOIN unnest(%(categories)s::text[], %(skills)s::text[]) AS k (category, skills) ON k.category = s.category",
        skills,
    )


_SKILL_SETS = (
    ["first_aid", "rescue"],
    ["driving", "logistics"],
    ["first_aid"],
    ["logistics"],
    ["psychosocial"],
    ["loader", "driving"],
    ["nursing"],
    ["midwifery"],
    ["boat", "rescue"],
)


async def _copy_volunteers(conn: Conn, dice: random.Random, towns: Sequence[Town], count: int, start: int) -> None:
    del start
    known = await (await conn.execute("SELECT count(*) AS n FROM volunteers WHERE code LIKE 'V-_________'")).fetchone()
    base = known["n"] if known else 0
    async with (
        conn.cursor() as cursor,
        cursor.copy("COPY volunteers (id, code, centre_id, skills, languages, gender, vehicle) FROM STDIN") as copy,
    ):
        for number, (town, _, _) in enumerate(_points(dice, towns, count)):
            await copy.write_row(
                (
                    uuid7(),
                    numbered("V-", base + number),
                    town.centre,
                    dice.choice(_SKILL_SETS),
                    ["fa"],
                    "woman" if number % 2 else "man",
                    "pickup" if number % 5 == 0 else None,
                )
            )
