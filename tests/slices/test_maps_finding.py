"""The map's search: a code in any writing, a centre by its name, and nothing that the reader may not see."""

import random

from server.access.context import Context
from server.kernel.ids import uuid7
from server.maps.finding import beginnings
from tests.support.map_records import add_emergency, add_incident, add_need
from tests.support.web import MakeClient

pytest_plugins = ["tests.support.web"]


def test_what_may_be_the_beginning_of_a_code() -> None:
    assert beginnings("n-۲۳ab") == {"needs": "N-23AB"}
    assert beginnings("T-9") == {}
    both = beginnings("NAB")
    assert both["needs"] == "N-AB"
    assert both["tasks"] == "T-NAB"
    assert both["reports"] == "NAB"
    assert beginnings("پلدختر") == {}


async def codes(ctx: Context) -> list[str]:
    async with ctx.db.tx() as conn:
        found = await conn.execute("SELECT code FROM needs ORDER BY id")
        return [row["code"] for row in await found.fetchall()]


async def test_a_code_is_found_wherever_it_lies_by_those_who_may(ctx: Context, client_of: MakeClient) -> None:
    dice = random.Random(1)
    async with ctx.db.tx() as conn:
        flood, quake = await add_emergency(conn), await add_emergency(conn)
        mine = await add_need(conn, flood, dice)
        other = await add_need(conn, quake, dice)
        await add_incident(conn, flood, dice)
        await conn.execute(
            "INSERT INTO centres (id, code, name_fa, name_en, geom) VALUES (%s, 'K-7', 'خانهٔ کاوه', 'Kaveh House',"
            " ST_SetSRID(ST_MakePoint(48, 33), 4326))",
            (uuid7(),),
        )
    first, second = await codes(ctx)
    client = await client_of("coordinator")

    async def find(text: str, **more: str) -> list[dict[str, object]]:
        answer = await client.post("/api/map/find", json={"q": text, **more})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, object]] = answer.json()["items"]
        return found

    for typed in (first, first.lower(), first.replace("-", ""), first[2:], first[:6]):
        assert {"layer": "needs", "id": str(mine)}.items() <= (await find(typed))[0].items(), typed
    assert (await find(second))[0]["id"] == str(other)
    assert await find(second, emergency=str(flood)) == []
    assert [(one["layer"], one["name"]) for one in await find("كاوه")] == [
        ("centres", {"fa": "خانهٔ کاوه", "en": "Kaveh House"})
    ]
    assert (await find("kaveh"))[0]["layer"] == "centres"
    bound = await client_of("coordinator", emergency=quake)
    assert (await bound.post("/api/map/find", json={"q": first})).json()["items"] == []
    assert (await (await client_of("donor")).post("/api/map/find", json={"q": first})).status_code == 403
