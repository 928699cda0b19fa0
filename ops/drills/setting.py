"""Builds a scenario's world, once: emergency, centres, goods, volunteers, and the tokens the player knocks with."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from ops.drills.player import Doors, Hand
from ops.drills.scenario import Scenario
from server.access.context import Context
from server.access.roles import Role
from server.access.service import Bounds, create_token
from server.emergencies.service import ensure
from server.kernel.db import Conn
from server.places.service import create_centre
from server.supplies import queries as supplies
from server.supplies.service import receive

SPACE = UUID("6f1d3c5a-9a3e-5f4e-8a39-0d7c1b2f4e11")
"""Names within it make the drill's ids: the same world at every play."""
LANGUAGES = (["fa"], ["fa", "lki"], ["fa", "lrc"], ["fa", "lrc", "en"])
VEHICLES = (None, "pickup", None, "car", "truck", None)
BUSY_TEAMS = 12
"""How many volunteers the player moves; the others are left to whoever practises."""


async def set_up(ctx: Context, scenario: Scenario) -> Doors:
    """The world of `scenario` in this instance and the doors to it; what is there already stays."""
    setting = scenario.setting
    async with ctx.db.tx() as conn:
        emergency = await ensure(
            conn,
            setting["code"],
            (setting["name_fa"], setting["name_en"]),
            setting["kind"],
            drill=True,
            area=_box(setting["area"]),
            actor="drill",
        )
        items = await _items(conn, setting["items"])
        centres = {c["code"]: await _centre(conn, c) for c in setting["centres"]}
        for centre in setting["centres"]:
            goods = {items[code]: Decimal(amount) for code, amount in centre["stock"].items()}
            await receive(
                conn,
                centres[centre["code"]],
                goods,
                natural_key=f"drill:{scenario.name}:{centre['code']}",
                actor="drill",
                emergency_id=emergency,
            )
        volunteers = [
            v
            for group in setting["volunteers"]
            for v in await _volunteers(conn, ctx, scenario.name, group, centres[group["centre"]])
        ]
    places = {str(centres[c["code"]]): (c["lon"], c["lat"]) for c in setting["centres"]}
    return await _doors(ctx, scenario, emergency, volunteers[:: max(1, len(volunteers) // BUSY_TEAMS)], places)


async def heard(ctx: Context, doors: Doors, scenario: Scenario) -> frozenset[str]:
    """The ids of those messages that an earlier play has sent."""
    async with ctx.db.tx() as conn:
        rows = await (
            await conn.execute(
                "SELECT source_key FROM reports WHERE source = %s AND source_key = ANY(%s)",
                (f"sms:generic:{doors.gateway_id}", [m.id for m in scenario.messages]),
            )
        ).fetchall()
    return frozenset(row["source_key"] for row in rows)


def _box(area: list[float]) -> dict[str, Any]:
    west, south, east, north = area
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


async def _items(conn: Conn, rows: list[dict[str, str]]) -> dict[str, UUID]:
    for row in rows:
        await supplies.add_item(conn, {**row, "id": uuid5(SPACE, "item:" + row["code"])})
    return {row["code"]: row["id"] for row in await supplies.items_by(conn, codes=[r["code"] for r in rows])}


async def _centre(conn: Conn, row: dict[str, Any]) -> UUID:
    known = await supplies.centres_by_code(conn, [row["code"]])
    if known:
        return known[row["code"]]
    made = await create_centre(conn, {k: row[k] for k in ("code", "name_fa", "name_en", "lon", "lat")}, "drill")
    found: UUID = made["id"]
    return found


async def _volunteers(
    conn: Conn, ctx: Context, name: str, group: dict[str, Any], centre: UUID
) -> list[tuple[UUID, UUID]]:
    made = []
    for number in range(group["count"]):
        volunteer = uuid5(SPACE, f"{name}:{group['centre']}:{number}")
        record = ctx.sealing.new("volunteers", volunteer)
        skills = [skill for at, skill in enumerate(group["skills"]) if (number + at) % 3 != 1] or group["skills"][:1]
        vehicle = VEHICLES[number % len(VEHICLES)]
        await conn.execute(
            "INSERT INTO volunteers (id, code, centre_id, name_sealed, sealing_key_id, data_key_wrapped, skills,"
            " languages, gender, vehicle, capacity_kg) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (
                volunteer,
                f"V-{group['centre'][4:]}{number + 1:02d}",
                centre,
                record.seal("name_sealed", f"داوطلب {number + 1}"),
                record.key_id,
                record.wrapped,
                skills,
                LANGUAGES[number % len(LANGUAGES)],
                "woman" if number % 2 else "man",
                vehicle,
                800 if vehicle else None,
            ),
        )
        made.append((volunteer, centre))
    return made


async def _doors(
    ctx: Context,
    scenario: Scenario,
    emergency: UUID,
    busy: list[tuple[UUID, UUID]],
    places: dict[str, tuple[float, float]],
) -> Doors:
    """The player's tokens, kept in a file of mode 0600 so that a second play is the same sender."""
    path = Path(ctx.settings.home) / f"drill-{scenario.name}.json"
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    async with ctx.db.tx() as conn:

        async def token(key: str, role: Role, bounds: Bounds) -> None:
            if key not in kept:
                made, secret = await create_token(conn, role, f"drill {key}"[:80], bounds, "drill")
                kept[key] = {"id": str(made), "token": secret}

        await token("gateway", "gateway", Bounds(emergency_id=emergency))
        await token("field", "field", Bounds(emergency_id=emergency))
        for volunteer, centre in busy:
            await token(f"volunteer:{volunteer}", "volunteer", Bounds(centre, emergency, volunteer))
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as file:
            json.dump(kept, file)
    hands = tuple(Hand(str(v), kept[f"volunteer:{v}"]["token"], str(c), *places[str(c)]) for v, c in busy)
    return Doors(
        ctx.settings.url if not ctx.settings.public_url else f"http://127.0.0.1:{ctx.settings.port}",
        kept["gateway"]["token"],
        kept["field"]["token"],
        hands,
        kept["gateway"]["id"],
    )
