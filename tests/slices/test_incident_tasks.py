"""A person makes a task from an incident; it is claimed and finished like any other."""

import psycopg

from server.access.context import Context
from server.emergencies.service import ensure
from server.kernel.ids import new_code, uuid7
from server.places.service import create_centre
from tests.support.web import MakeClient


async def _incident(ctx: Context, *, located: bool = True) -> tuple[str, str]:
    async with ctx.db.tx() as conn:
        emergency = await ensure(conn, "flood-1", kind="flood", drill=True)
        centre = {"code": "C1", "name_fa": "مرکز", "name_en": "Centre", "lon": 47.7, "lat": 33.1}
        if not await (await conn.execute("SELECT 1 FROM centres")).fetchone():
            await create_centre(conn, centre, "test")
        incident = uuid7()
        point = "SRID=4326;POINT(47.71 33.15)" if located else None
        await conn.execute(
            "INSERT INTO incidents (id, code, emergency_id, category, urgency, geom) VALUES (%s, %s, %s, 'bridge_out',"
            " 'high', %s)",
            (incident, new_code(8, "I-"), emergency, point),
        )
        volunteer = uuid7()
        await conn.execute(
            "INSERT INTO volunteers (id, code, centre_id) SELECT %s, %s, id FROM centres LIMIT 1",
            (volunteer, new_code(8, "V-")),
        )
    return str(incident), str(volunteer)


async def test_a_dispatcher_makes_a_task_and_a_volunteer_finishes_it(ctx: Context, client_of: MakeClient) -> None:
    incident, volunteer = await _incident(ctx)
    dispatcher = await client_of("dispatcher")
    made = await dispatcher.post("/api/tasks", json={"incident": incident, "kind": "works"})
    assert made.status_code == 201, made.text
    task = made.json()["properties"]
    again = await dispatcher.post("/api/tasks", json={"incident": incident, "kind": "works"})
    assert (again.status_code, again.json()["code"]) == (409, "task.exists")
    hand = await client_of("volunteer", volunteer=volunteer)
    (claimed,) = (await hand.post(f"/api/queues/{task['queue']}/claim", json={"max": 1})).json()["tasks"]
    fence = {"fence": claimed["fence"]}
    assert (await hand.post(f"/api/tasks/{claimed['id']}/accept", json=fence)).status_code == 200
    detail = await hand.get(f"/api/tasks/{claimed['id']}")
    assert detail.status_code == 200, detail.text
    assert (await hand.get(f"/api/tasks/{claimed['id']}/voices")).status_code == 200
    assert (await hand.post(f"/api/tasks/{claimed['id']}/complete", json=fence)).json()["state"] == "done"


async def test_the_task_asks_for_the_languages_of_its_province(
    ctx: Context, client_of: MakeClient, db_dsn: str
) -> None:
    incident, _ = await _incident(ctx)
    async with ctx.db.tx() as conn:
        for number, (province, point) in enumerate((("23", "47.7 33.1"), ("28", "59.6 36.3"))):
            await conn.execute(
                "INSERT INTO places (id, source, source_id, kind, name_fa, name_en, country, admin1_code, accuracy_m,"
                " geom) VALUES (%s, 'geonames', %s, 'town', 'آبادی', 'Town', 'IR', %s, 2000, %s)",
                (uuid7(), str(number), province, f"SRID=4326;POINT({point})"),
            )
    made = await (await client_of("dispatcher")).post("/api/tasks", json={"incident": incident, "kind": "works"})
    assert made.status_code == 201, made.text
    with psycopg.connect(db_dsn) as conn:
        asked = conn.execute("SELECT languages FROM tasks WHERE incident_id = %s", (incident,)).fetchone()
    assert asked == (["lrc"],)


async def test_what_makes_no_task(ctx: Context, client_of: MakeClient, db_dsn: str) -> None:
    unlocated, _ = await _incident(ctx, located=False)
    dispatcher = await client_of("dispatcher")
    nowhere = await dispatcher.post("/api/tasks", json={"incident": unlocated})
    assert (nowhere.status_code, nowhere.json()["code"]) == (409, "task.no_place")
    odd = await dispatcher.post("/api/tasks", json={"incident": unlocated, "kind": "party"})
    assert (odd.status_code, odd.json()["code"]) == (400, "task.kind")
    unknown = await dispatcher.post("/api/tasks", json={"incident": str(uuid7())})
    assert unknown.status_code == 404
    with psycopg.connect(db_dsn) as conn:
        assert conn.execute("SELECT count(*) FROM tasks").fetchone() == (0,)
