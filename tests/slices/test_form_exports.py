"""Tables of submissions as files: real ones with repeats, several versions, formulas, and ten thousand of them."""

import asyncio
import csv
import gc
import io
import tracemalloc
from dataclasses import replace
from zoneinfo import ZoneInfo

import httpx
import openpyxl
import pytest

from field_forms.xlsform import CompiledForm, compile_form
from server.access.context import Context
from server.access.principal import Principal, Scope
from server.access.service import Bounds, create_token
from server.exports.forms import Export, fetched, streamed
from server.forms import table_queries as tables
from server.forms import tabling
from server.kernel.ids import uuid7
from tests.support.form_world import SHARED, add_effect, add_submission, add_version, samples, workbook_of
from tests.support.web import MakeClient
from tests.unit.field_forms.samples import markdown_form

pytestmark = pytest.mark.asyncio
needs_samples = pytest.mark.skipif(not SHARED.exists(), reason="the shared OpenRosa samples are not here")
SURVEY = """| | type | name | label |
| | text | who | Who |
| | geopoint | at | Where |
{more}| | begin repeat | kid | Child |
| | integer | age | Age |
| | end repeat | | |
"""
SETTINGS = "| settings |\n| | form_id | version | form_title | name |\n| | visit | {version} | Visit | visit |\n"


def visit(number: int, who: str = "Adam", extra: str = "", version: str = "1") -> bytes:
    kids = "".join(f"<kid><age>{age}</age></kid>" for age in range(number % 4))
    return (
        f'<visit id="visit" version="{version}"><who>{who}</who><at>33.15 47.72 640 8</at>{extra}{kids}'
        f"<meta><instanceID>uuid:{number:08d}</instanceID></meta></visit>"
    ).encode()


def form(version: str = "1", more: str = "") -> CompiledForm:
    return compile_form(markdown_form(SURVEY.format(more=more), settings=SETTINGS.format(version=version)), ".md")


def lines(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@needs_samples
async def test_real_submissions_with_nested_repeats(ctx: Context, client_of: MakeClient) -> None:
    async with ctx.db.tx() as conn:
        version = await add_version(conn, workbook_of("new_repeats.xls"))
        sent = samples("new_repeats")
        for xml in sent:
            await add_submission(conn, ctx, xml, version_id=version)
    coordinator = await client_of("coordinator")
    path = "/api/forms/new_repeats/submissions"
    own = lines(await coordinator.get(f"{path}.csv"))
    names = {xml.decode().partition("<name>")[2].partition("<")[0] for xml in sent}
    assert (len(own), {row["info/name"] for row in own}) == (len(sent), names)
    assert {row["_other"] for row in own} == {""}
    kids = lines(await coordinator.get(f"{path}.csv", params={"repeat": "kids_details"}))
    assert len(kids) == sum(xml.count(b"<kids_details>") for xml in sent) > len(sent)
    assert {row["_submission"] for row in kids} <= {row["_submission"] for row in own}
    book = openpyxl.load_workbook(io.BytesIO((await coordinator.get(f"{path}.xlsx?lang=fa")).content))
    assert book.sheetnames == ["submissions", "kids_details"]
    assert all(sheet.sheet_view.rightToLeft for sheet in book)
    assert [sheet.max_row - 1 for sheet in book] == [len(own), len(kids)]
    jalali = next(cell for cell in book["submissions"][1] if cell.value == "_received_jalali")
    assert str(book["submissions"].cell(2, jalali.column).value).startswith("14")
    places = (await coordinator.get(f"{path}.geojson")).json()["features"]
    assert {feature["geometry"]["type"] for feature in places if feature["geometry"]} == {"Point"}
    said = lines(await coordinator.get(f"{path}.csv?labels=true"))
    assert {row["Do you have kids?"] for row in said} == {"yes"}
    assert {row["6. What web browsers do you use?"] for row in said} >= {"Google Chrome, Internet Explorer"}
    spoken = lines(await coordinator.get(f"{path}.csv", params={"repeat": "kids_details", "labels": "true"}))
    assert [row["Kids Name"] for row in spoken] == [row["kids_name"] for row in kids]
    assert (await coordinator.get(f"{path}.csv?repeat=nobody")).status_code == 404
    assert (await coordinator.get(f"{path}.doc")).status_code == 404


async def test_versions_stand_side_by_side_and_formulas_are_texts(ctx: Context, client_of: MakeClient) -> None:
    evil = "=HYPERLINK(&quot;http://stranger.example&quot;)"
    async with ctx.db.tx() as conn:
        first = await add_version(conn, form("1"), state="archived")
        second = await add_version(conn, form("2", "| | text | shelter | Shelter |\n"))
        await add_submission(conn, ctx, visit(1, evil), version_id=first)
        await add_submission(conn, ctx, visit(2, "Eve", "<shelter>+98</shelter>", "2"), version_id=second)
        await add_submission(conn, ctx, visit(3, "later", "<new>told</new>", "9"))
        await add_submission(conn, ctx, visit(4), version_id=first, draft=True)
        await add_submission(conn, ctx, visit(5), version_id=first, current=False)
        await add_submission(conn, ctx, b'<d id="visit" version="2" encrypted="yes"><x/></d>', version_id=second)
    coordinator = await client_of("coordinator")
    path = "/api/forms/visit/submissions"
    rows = lines(await coordinator.get(f"{path}.csv?lang=en"))
    assert [row["who"] for row in rows] == [evil.replace("&quot;", '"').replace("=", "'=", 1), "Eve", "later", ""]
    assert [row["shelter"] for row in rows] == ["", "'+98", "", ""]
    assert rows[2]["_other"] == "/visit/new=told"
    assert [row["_version"] for row in rows] == ["1", "2", "9", "2"]
    assert rows[3]["_note"].startswith("Encrypted")
    assert "shelter" not in lines(await coordinator.get(f"{path}.csv?version=1"))[0]
    assert len(lines(await coordinator.get(f"{path}.csv?current=any&drafts=true"))) == 6
    book = openpyxl.load_workbook(io.BytesIO((await coordinator.get(f"{path}.xlsx")).content))
    assert not [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]
    async with ctx.db.tx() as conn:
        found = await conn.execute("SELECT subject_id, data FROM events_unsealed WHERE verb = 'submission.exported'")
        events = await found.fetchall()
    assert len(events) == 4
    assert events[0]["data"] == {"form": "visit", "count": 4, "format": "csv", "reason": "work"}


async def test_who_sees_what(ctx: Context, client_of: MakeClient) -> None:
    async with ctx.db.tx() as conn:
        version = await add_version(conn, form())
        mine, other = uuid7(), uuid7()
        for number, row in enumerate((mine, other)):
            await conn.execute(
                "INSERT INTO emergencies (id, code, name_fa, name_en, kind) VALUES (%s, %s, 'س', 'e', 'flood')",
                (row, f"e{number}"),
            )
        token, _ = await create_token(conn, "field", "team 3", Bounds())
        ids = [
            await add_submission(
                conn, ctx, visit(n), version_id=version, sent_by=f"token:{token}", emergency_id=(mine, other)[n % 2]
            )
            for n in range(3)
        ]
        await add_effect(conn, ids[0], "movement", "refused", reason="stock.short")
    path = "/api/forms/visit/submissions"
    bound = await client_of("coordinator", emergency=mine)
    listed = (await bound.get(path)).json()["items"]
    assert [item["id"] for item in listed] == [str(ids[2]), str(ids[0])]
    assert listed[1]["sent_by"] == {"kind": "token", "name": "team 3"}
    assert listed[1]["effects"] == {"done": 0, "refused": 1, "reversed": 0}
    assert [item["id"] for item in (await bound.get(f"{path}?problems=true")).json()["items"]] == [str(ids[0])]
    assert len(lines(await bound.get(f"{path}.csv"))) == 2
    assert (await bound.get(f"/api/submissions/{ids[1]}")).status_code == 404
    dispatcher = await client_of("dispatcher")
    assert [len((await dispatcher.get(f"{path}{more}")).json()["items"]) for more in ("", "?limit=2")] == [3, 2]
    after = (await dispatcher.get(f"{path}?limit=2")).json()["next"]
    assert len((await dispatcher.get(f"{path}?cursor={after}")).json()["items"]) == 1
    for refused in (f"{path}?answers=true", f"{path}.csv", f"/api/submissions/{ids[0]}"):
        assert (await dispatcher.get(refused)).status_code == 403
    told = (await bound.get(f"{path}?answers=true")).json()
    assert [table["name"] for table in told["tables"]] == ["submissions", "kid"]
    assert told["items"][0]["answers"]["submissions"][0][1] == "Adam"
    assert (await bound.get(f"{path}?from=2020-01-01&to=2020-01-02")).json()["items"] == []
    assert (await bound.get(f"{path}?from=yesterday")).status_code == 400


@needs_samples
async def test_one_submission_with_its_edits(ctx: Context, client_of: MakeClient) -> None:
    sent = {path.name: path.read_bytes() for path in (SHARED / "submissions/tutorial").glob("*.xml")}
    old, new = (sent[f"tutorial_2012-06-27_11-27-53_{name}.xml"] for name in ("w_uuid", "w_uuid_edited"))
    async with ctx.db.tx() as conn:
        version = await add_version(conn, replace(workbook_of("tutorial.xls"), form_id="tutorial"))
        first = await add_submission(conn, ctx, old, version_id=version)
        second = await add_submission(conn, ctx, new, version_id=version)
    coordinator = await client_of("coordinator")
    told = (await coordinator.get(f"/api/submissions/{second}")).json()
    assert [edit["id"] for edit in told["edits"]] == [str(first), str(second)]
    assert [edit["current"] for edit in told["edits"]] == [False, True]
    changed = {change["path"].rpartition("/")[2]: change for change in told["edits"][1]["changes"]}
    assert changed["name"]["after"] == "Dick n Jane"
    browsers = next(answer for answer in told["answers"] if answer["path"].endswith("web_browsers"))
    assert browsers["label"] == {"": "6. What web browsers do you use?"}
    assert browsers["shown"] == {"": "Mozilla Firefox, Google Chrome, Safari"}
    assert [answer["place"]["type"] for answer in told["answers"] if answer["place"]] == ["Point"]
    async with ctx.db.tx() as conn:
        found = await conn.execute("SELECT subject_id FROM events_unsealed WHERE verb = 'submission.opened'")
        assert [row["subject_id"] for row in await found.fetchall()] == [second]


async def test_three_times_as_many_take_no_more_memory(ctx: Context) -> None:
    async with ctx.db.tx() as conn:
        version = await add_version(conn, form())
        for number in range(2000):
            await add_submission(conn, ctx, visit(number, "x" * 4000), version_id=version)
        await conn.execute("UPDATE submissions SET form_version = 'few' WHERE seq % 3 = 0")
    somebody = Principal("token", uuid7(), (Scope("admin"),))
    peaks = []
    for version_asked in ("few", None):
        wanted = tables.Wanted("visit", somebody, "submission.export", version=version_asked)
        async with ctx.db.tx() as conn:
            found = await tabling.load_form(conn, "visit")
            count, last = await tables.extent(conn, wanted)
        made = Export(found, found.planned("en"), "en", ZoneInfo("UTC"))
        pieces = streamed(ctx, "csv", fetched(ctx, wanted, last), made, asyncio.get_running_loop())
        gc.collect()
        tracemalloc.start()
        size = await asyncio.to_thread(lambda: sum(map(len, pieces)))  # noqa: B023 - awaited within the round
        peaks.append((tracemalloc.get_traced_memory()[1], size, count))
        tracemalloc.stop()
    (few, small, third), (many, large, whole) = peaks
    assert (whole, whole // third) == (2000, 3)
    assert many - few < (large - small) / 2, peaks
