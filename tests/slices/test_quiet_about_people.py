"""What nobody may find out of anybody by asking: by lists, alarms, notes, registrations that wait."""

import httpx
import pytest

from server.dispatch.routes import router as dispatch
from server.messaging import alarms
from server.messaging.alarm_routes import router as alarm_routes
from server.volunteers import importing, vetting
from server.volunteers.import_routes import router as lists
from server.volunteers.routes import router as volunteers
from server.volunteers.shift_routes import router as shifts
from tests.support.dispatch_world import World, a_client, an_app

HEAD = "code,centre,phone\n"


@pytest.fixture
def http(world: World) -> httpx.AsyncClient:
    return a_client(an_app(world.ctx, lists, shifts, alarm_routes, dispatch, volunteers))


async def number_of(world: World, who: object) -> None:
    """Give somebody a number that is known as hers."""
    mark = world.ctx.sealing.keyed_hash("sender", "+989121234567")
    await world.run("UPDATE volunteers SET phone_hash = %s WHERE id = %s", mark, who)


@pytest.mark.parametrize("preview", [True, False])
async def test_a_list_tells_nobody_whose_number_is_a_volunteers_elsewhere(
    world: World, http: httpx.AsyncClient, preview: bool
) -> None:
    (there,) = await world.volunteers(1, centre=1)
    await number_of(world, there)
    here = await world.token("coordinator", centre=world.centres[0])
    path = f"/api/volunteers/import?preview={str(preview).lower()}"

    async def bring(number: str) -> dict[str, object]:
        answer = await http.post(path, headers=here, content=f"{HEAD},,{number}\n".encode())
        assert answer.status_code == 200, answer.text
        return {k: v for k, v in answer.json().items() if k != "ignored"}

    assert await bring("09121234567") == await bring("09351234567")
    if not preview:
        row = (
            await world.run("SELECT vetting, phone_hash, phone_claim FROM volunteers WHERE phone_claim IS NOT NULL")
        )[0]
        assert (row["vetting"], row["phone_hash"]) == ("pending", None)
        # Said once more it is the same person.
        assert (await bring("09351234567"))["known"] == 1


async def test_an_alarm_of_a_house_is_heard_in_that_house(world: World, http: httpx.AsyncClient) -> None:
    async with world.ctx.db.tx() as conn:
        await alarms.raise_alarm(conn, "volunteer.silent", "V-1", centre_id=world.centres[0])
        await alarms.raise_alarm(conn, "life.unseen", "all")
    mine, other = [await world.token("dispatcher", centre=centre) for centre in world.centres]
    everywhere = await world.token("coordinator")

    async def heard(way: dict[str, str]) -> list[str]:
        return sorted(one["code"] for one in (await http.get("/api/alarms", headers=way)).json()["items"])

    assert await heard(mine) == await heard(everywhere) == ["life.unseen", "volunteer.silent"]
    assert await heard(other) == ["life.unseen"]
    silent = await world.one("SELECT id FROM alarms WHERE code = 'volunteer.silent'")
    assert (await http.post(f"/api/alarms/{silent}/seen", headers=other)).status_code == 404
    assert (await http.post(f"/api/alarms/{silent}/seen", headers=mine)).status_code == 200
    events = await world.run("SELECT verb, centre_id FROM events_unsealed WHERE subject_id = %s", silent)
    assert {event["centre_id"] for event in events} == {world.centres[0]}


async def test_to_write_oneself_down_opens_nobodys_words(world: World, http: httpx.AsyncClient) -> None:
    writer, curious = await world.volunteers(2)
    here = await world.token("dispatcher", centre=world.centres[0])
    hers, hers_too = await world.token("volunteer", volunteer=writer), await world.token("volunteer", volunteer=curious)
    times = (await world.run("SELECT now()::text AS a, (now() + interval '4 hours')::text AS b"))[0]
    span = {"starts_at": times["a"].replace(" ", "T") + ":00", "ends_at": times["b"].replace(" ", "T") + ":00"}
    made = await http.post("/api/shifts", headers=here, json={"volunteer": str(writer), "work": "store", **span})
    assert made.status_code == 201, made.text
    await http.post(f"/api/shifts/{made.json()['id']}/note", headers=hers, json={"words": "کلید زیر سنگ است"})
    assert (await http.post("/api/shifts", headers=hers_too, json={"work": "store", **span})).status_code == 201
    last = f"/api/shifts/note?centre={world.centres[0]}&work=store"
    assert (await http.get(last, headers=hers_too)).status_code == 403
    await world.run("UPDATE shifts SET checked_in_at = clock_timestamp() WHERE volunteer_id = %s", curious)
    assert (await http.get(last, headers=hers_too)).status_code == 200


async def pending(world: World, n: int, days: int) -> list[object]:
    ids = await world.volunteers(n)
    await world.run(
        "UPDATE volunteers SET vetting = 'pending', created_at = clock_timestamp() - %s * interval '1 day',"
        " phone_claim = %s WHERE id = ANY(%s)",
        days, b"x" * 32, list(ids),
    )  # fmt: skip
    return list(ids)


async def test_what_nobody_answered_is_forgotten_in_time(world: World) -> None:
    (old,) = await pending(world, 1, 31)
    (new,) = await pending(world, 1, 29)
    async with world.ctx.db.tx() as conn:
        assert await vetting.expire(conn, 30, 100) == 1
        assert await vetting.expire(conn, 30, 100) == 0
    rows = {r["id"]: r for r in await world.run("SELECT id, vetting, phone_claim, name_sealed FROM volunteers")}
    assert (rows[old]["vetting"], rows[old]["phone_claim"]) == ("refused", None)  # type: ignore[index]
    assert (rows[new]["vetting"], rows[new]["phone_claim"]) == ("pending", b"x" * 32)  # type: ignore[index]


async def test_one_word_for_many_who_wait_of_ones_own_centre(world: World, http: httpx.AsyncClient) -> None:
    waiting = [str(one) for one in await pending(world, 3, 1)]
    mine, other = [await world.token("coordinator", centre=centre) for centre in world.centres]
    call = {"volunteers": waiting, "decision": "refused", "reason": "double"}
    assert (await http.post("/api/volunteers/vet", headers=other, json=call)).status_code == 404
    assert (await http.post("/api/volunteers/vet", headers=mine, json=call)).json() == {"decided": 3}
    assert (await http.post("/api/volunteers/vet", headers=mine, json=call)).json() == {"decided": 0}
    assert await world.one("SELECT count(*) FROM volunteers WHERE vetting = 'refused'") == 3
    reasons = await world.run("SELECT data->>'reason' AS r FROM events_unsealed WHERE verb = 'volunteer.vetted'")
    assert [row["r"] for row in reasons] == ["double"] * 3


async def test_where_one_stands_need_not_be_in_an_address(world: World, http: httpx.AsyncClient) -> None:
    (who,) = await world.volunteers(1)
    await world.tasks(1, geom_shown="SRID=4326;POINT(48.36 33.49)")
    hers = await world.token("volunteer", volunteer=who)
    by_body = await http.post("/api/tasks/near", headers=hers, json={"lat": 33.49, "lon": 48.36})
    by_address = await http.get("/api/tasks/near?lat=33.49&lon=48.36", headers=hers)
    assert by_body.status_code == 200
    assert by_body.json() == by_address.json()
    assert len(by_body.json()["features"]) == 1
    assert (await http.post("/api/tasks/near", headers=hers, json={"lat": 91, "lon": 0})).status_code == 422


def test_nobody_is_told_apart_by_the_rules_alone() -> None:
    seen = importing.Known()
    seen.claimed.add(b"n")
    assert seen.judge("", b"n") == seen.judge("", b"m") == "new"
    seen.foreign.add("V-2")
    assert seen.judge("V-2", None) == "conflict"
