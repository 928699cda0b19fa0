"""What people see of what came in: lists, words on request, triage, rows set aside, and emergencies."""

import asyncio
import json
import uuid
from typing import Any, ClassVar

import httpx
import pytest

from server.access.context import Context
from server.emergencies.service import ensure
from server.kernel.settings import Settings
from tests.slices.test_intake import NUMBER, TEXT, count, rows
from tests.slices.test_intake_http import GENERIC, sms
from tests.support.serving import serving
from tests.support.web import MakeClient


class TestSeeing:
    @pytest.fixture
    async def two(self, client_of: MakeClient, ctx: Context) -> tuple[str, str]:
        """A report in a flood and one in triage: their ids."""
        field = await client_of("field")
        waiting = (await field.post("/api/reports", json={"text": "در انتظار"})).json()["id"]
        async with ctx.db.tx() as conn:
            await ensure(conn, "flood-a", ("سیل", "Flood"), "flood")
        placed = (
            await field.post("/api/reports", json={"text": TEXT, "sender": NUMBER, "lat": 33.15, "lon": 47.72})
        ).json()["id"]
        return placed, waiting

    async def test_lists_hold_no_words_and_filter(self, client_of: MakeClient, two: tuple[str, str]) -> None:
        placed, waiting = two
        dispatcher = await client_of("dispatcher")

        async def ids(**params: Any) -> list[str]:
            answer = await dispatcher.get("/api/reports", params=params)
            assert answer.status_code == 200, answer.text
            assert TEXT not in answer.text
            assert NUMBER not in answer.text
            assert answer.json()["type"] == "FeatureCollection"
            return [f["id"] for f in answer.json()["features"]]

        assert await ids() == [placed, waiting]
        assert await ids(triage=True) == [waiting]
        assert await ids(triage=False) == [placed]
        assert await ids(channel="sms") == []
        assert await ids(state="pending") == [placed, waiting]
        assert await ids(flagged=True) == []
        assert await ids(bbox="47,32,49,34") == [placed]
        assert await ids(bbox="10,32,11,34") == []
        assert await ids(since="2000-01-01T00:00:00Z") == [placed, waiting]
        assert await ids(since="2100-01-01T00:00:00Z") == []
        page = (await dispatcher.get("/api/reports", params={"limit": 1})).json()
        assert await ids(cursor=page["next"]) == [waiting]
        assert (await dispatcher.get("/api/reports", params={"bbox": "x"})).status_code == 400

    async def test_words_are_for_those_who_may_open_and_on_record(
        self, client_of: MakeClient, ctx: Context, two: tuple[str, str]
    ) -> None:
        placed, _ = two
        dispatcher, coordinator = await client_of("dispatcher"), await client_of("coordinator")
        seen = (await dispatcher.get(f"/api/reports/{placed}")).json()["properties"]
        assert "text" not in seen
        assert "sender" not in seen
        assert await rows(ctx, "SELECT 1 FROM events_unsealed WHERE verb = 'report.opened'") == []
        opened = (await coordinator.get(f"/api/reports/{placed}")).json()["properties"]
        assert (opened["text"], opened["sender"], opened["exact"]) == (
            TEXT,
            NUMBER,
            {"lon": 47.72, "lat": 33.15},
        )
        events = await rows(ctx, "SELECT subject_id, actor, data FROM events_unsealed WHERE verb = 'report.opened'")
        assert [(str(e["subject_id"]), e["actor"][:6], e["data"]) for e in events] == [(placed, "token:", {})]

    async def test_bounds_hold(self, client_of: MakeClient, ctx: Context, two: tuple[str, str]) -> None:
        placed, waiting = two
        async with ctx.db.tx() as conn:
            other = await ensure(conn, "flood-b")
        bound = await client_of("coordinator", emergency=other)
        assert (await bound.get("/api/reports")).json()["features"] == []
        for report in (placed, waiting):
            assert (await bound.get(f"/api/reports/{report}")).status_code == 404
            assert (await bound.get(f"/api/reports/{report}/reading")).status_code == 404
        refused = await bound.post(f"/api/reports/{waiting}/assign", json={"emergency": "flood-a"})
        assert refused.status_code == 403
        sent = await (await client_of("field", emergency=other)).post("/api/reports", json={"text": "x"})
        assert [f["id"] for f in (await bound.get("/api/reports")).json()["features"]] == [sent.json()["id"]]

    async def test_a_reading_says_that_it_is_pending(self, client_of: MakeClient, two: tuple[str, str]) -> None:
        answer = (await (await client_of("gateway")).get(f"/api/reports/{two[0]}/reading")).json()
        assert answer["state"] == "pending"
        assert (answer["joined_to"], answer["links"], answer["id"], answer["place"]) == (
            None,
            [],
            two[0],
            None,
        )

    async def test_triage_is_given_an_emergency_once(
        self, client_of: MakeClient, ctx: Context, two: tuple[str, str]
    ) -> None:
        _, waiting = two
        coordinator = await client_of("coordinator")
        url = f"/api/reports/{waiting}/assign"
        await rows(ctx, "UPDATE reports SET read_state = 'read' RETURNING 1")
        for _ in range(2):
            given = await coordinator.post(url, json={"emergency": "flood-a"})
            assert given.status_code == 200
            assert given.json()["properties"]["state"] == "pending"
        assert len(await rows(ctx, "SELECT 1 FROM events_unsealed WHERE verb = 'report.assigned'")) == 1
        async with ctx.db.tx() as conn:
            await ensure(conn, "flood-b")
        assert (await coordinator.post(url, json={"emergency": "flood-b"})).status_code == 409
        assert (await coordinator.post(url, json={"emergency": "none"})).status_code == 422
        assert (await coordinator.post(url, content=b"x")).status_code == 400
        missing = await coordinator.post(f"/api/reports/{uuid.uuid4()}/assign", json={"emergency": "flood-a"})
        assert missing.status_code == 404


async def test_a_cut_answer_loses_nothing_and_doubles_nothing(
    config: Settings, client_of: MakeClient, ctx: Context
) -> None:
    """The client hangs up before the answer, at once and after the commit; then it asks properly."""
    secret = (await client_of("gateway")).headers["Authorization"].removeprefix("Bearer ")
    payload = json.dumps(sms()).encode()
    head = f"POST {GENERIC} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
    head += f"Content-Length: {len(payload)}\r\n\r\n"
    async with serving(config, range(8151, 8156)) as url:
        port = httpx.URL(url).port

        async def hang_up(*, after_commit: bool) -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head.encode() + payload)
            await writer.drain()
            while after_commit and await count(ctx, "reports") == 0:  # noqa: ASYNC110 - another process tells
                await asyncio.sleep(0.01)
            writer.transport.abort()

        await hang_up(after_commit=True)
        assert await count(ctx, "reports") == 1
        await asyncio.gather(*(hang_up(after_commit=n % 2 == 0) for n in range(6)))
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {secret}"}) as client:
            first, second = [await client.post(GENERIC, json=sms()) for _ in range(2)]
    assert first.status_code == 200
    assert first.content == second.content
    assert await count(ctx, "reports") == 1
    assert len(await rows(ctx, "SELECT 1 FROM events_unsealed WHERE verb = 'report.accepted'")) == 1


async def test_what_was_set_aside_is_listed_shown_and_resolved(client_of: MakeClient, ctx: Context) -> None:
    from server.kernel.ids import uuid7
    from server.reports.queries import add_set_aside

    aside = uuid7()
    record = ctx.sealing.new("set_aside", aside)
    async with ctx.db.tx() as conn:
        await add_set_aside(
            conn,
            [
                {
                    "id": aside,
                    "source": "import:csv:-",
                    "source_key": "1",
                    "row_number": 3,
                    "reason": "no_text",
                    "payload_sealed": record.seal("payload_sealed", b"3,,"),
                    "sealing_key_id": record.key_id,
                    "data_key_wrapped": record.wrapped,
                }
            ],
        )
    coordinator = await client_of("coordinator")
    items = (await coordinator.get("/api/set-aside")).json()["items"]
    assert [(i["id"], i["row"], i["reason"]) for i in items] == [(str(aside), 3, "no_text")]
    assert items[0]["reason_fa"]
    assert (await coordinator.get(f"/api/set-aside/{aside}")).json()["payload"] == "3,,"
    for _ in range(2):
        assert (await coordinator.post(f"/api/set-aside/{aside}/resolve")).status_code == 204
    assert (await coordinator.get("/api/set-aside")).json()["items"] == []
    assert len((await coordinator.get("/api/set-aside", params={"resolved": True})).json()["items"]) == 1
    assert (await (await client_of("dispatcher")).get("/api/set-aside")).status_code == 403


class TestEmergencies:
    NEW: ClassVar = {
        "code": "lorestan-flood",
        "name_fa": "سیل لرستان",
        "name_en": "Lorestan flood",
        "kind": "flood",
        "area": {"type": "Polygon", "coordinates": [[[47, 32], [49, 32], [49, 34], [47, 34], [47, 32]]]},
    }

    async def test_opened_changed_and_closed_by_version(self, client_of: MakeClient, ctx: Context) -> None:
        coordinator = await client_of("coordinator")
        made = await coordinator.post("/api/emergencies", json=self.NEW)
        assert made.status_code == 201, made.text
        url = made.headers["Location"]
        assert made.json()["geometry"]["type"] == "Polygon"
        assert (await coordinator.post("/api/emergencies", json=self.NEW)).status_code == 409
        assert (await coordinator.patch(url, json={"status": "closed"})).status_code == 428
        closed = await coordinator.patch(url, json={"status": "closed"}, headers={"If-Match": made.headers["ETag"]})
        assert closed.status_code == 200
        assert closed.json()["properties"]["closed_at"]
        late = await coordinator.patch(url, json={"name_en": "X"}, headers={"If-Match": made.headers["ETag"]})
        assert late.status_code == 412
        assert late.json()["current"]["properties"]["status"] == "closed"
        verbs = [
            e["verb"]
            for e in await rows(ctx, "SELECT verb FROM events_unsealed WHERE subject_type = 'emergency' ORDER BY id")
        ]
        assert verbs == ["emergency.opened", "emergency.closed"]
        listed = await coordinator.get("/api/emergencies", params={"status": "open"})
        assert listed.json() == {"type": "FeatureCollection", "features": [], "next": None}
        assert len((await coordinator.get("/api/emergencies", params={"bbox": "46,31,48,33"})).json()["features"]) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"code": "With Blank"},
            {"kind": "war"},
            {"name_fa": ""},
            {"extra": 1},
            {"area": {"type": "Point", "coordinates": [1, 2]}},
            {"area": {"type": "Polygon", "coordinates": [[[0, 0], [200, 0], [0, 1], [0, 0]]]}},
        ],
    )
    async def test_wrong_ones_are_refused(self, client_of: MakeClient, wrong: dict[str, Any]) -> None:
        answer = await (await client_of("coordinator")).post("/api/emergencies", json=self.NEW | wrong)
        assert answer.status_code == 422

    async def test_which_one_is_meant(self, client_of: MakeClient, ctx: Context) -> None:
        from server.emergencies.service import resolve
        from server.kernel.errors import Problem

        async with ctx.db.tx() as conn:
            assert await resolve(conn, None, None) is None
            first = await ensure(conn, "a")
            assert await ensure(conn, "a") == first
            assert await resolve(conn, None, None) == first
            second = await ensure(conn, "b")
            assert await resolve(conn, None, None) is None
            assert await resolve(conn, second, None) == second
            assert await resolve(conn, None, "a") == first
            assert await resolve(conn, None, str(first)) == first
            with pytest.raises(Problem, match=r"emergency\.elsewhere"):
                await resolve(conn, second, "a")
            with pytest.raises(Problem, match=r"emergency\.unknown"):
                await resolve(conn, None, str(uuid.uuid4()))
