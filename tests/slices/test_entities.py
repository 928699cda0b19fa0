"""Entities: a household registered on Monday is chosen on Tuesday; changes once each, in any order, like the model."""

import asyncio
import random
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from field_forms import entities as rules
from field_forms.entities import Change, Entity, spec_of
from field_forms.openrosa import parse_instance
from field_forms.xlsform import compile_form
from server.access.context import Context
from server.access.principal import Principal
from server.access.queries import add_token
from server.access.secrets import new_secret, secret_hash
from server.forms import effect_queries, entities, lists, settling, versions
from server.forms.entity_routes import router
from server.forms.lists import opened
from server.loops import ON_NEEDS
from tests.slices.chain_kit import emergency
from tests.slices.forms_kit import Field, Sent, effects, given, publish, put_form, read_all, rows, stocked
from tests.support.dispatch_world import a_client, an_app
from tests.unit.field_forms.samples import markdown_form

HOUSEHOLD = "0b2f7c54-5d1e-4c50-9d7a-3d8f1f4a9c11"
"""The id that the phone gave it."""


@pytest.fixture
async def phone(ctx: Context) -> Field:
    await publish(ctx)
    return await Field(ctx, await emergency(ctx)).sign_in()


async def settle(ctx: Context) -> None:
    await read_all(ctx)
    while await settling.step(ctx, ON_NEEDS, entities.apply_changes):
        pass


def household(people: int = 5, consent: str = "yes", *, card: str = "4829-1375") -> dict[str, str]:
    """The answers of a registration, and its meta."""
    body = (
        f"<asking><consent>{consent}</consent></asking>"
        f"<household><card>{card}</card><place_name>پلدختر</place_name><people>{people}</people></household>"
        "<special><infants>1</infants></special>"
    )
    entity = f"<entity dataset='households' create='true' id='{HOUSEHOLD}'><label>{card}</label></entity>"
    return {"body": body, "meta": entity}


async def file_of(phone: Field, name: str = "households.csv") -> str:
    who = Principal("token", UUID(phone.actor.partition(":")[2]), (phone.scope,))
    async with phone.ctx.db.tx() as conn:
        return (await lists.content(conn, phone.ctx, who, name) or b"").decode()


async def signed_in(ctx: Context, role: str, bound: UUID | None) -> dict[str, str]:
    secret = new_secret()
    row = {"id": uuid4(), "hash": secret_hash(secret), "role": role, "name": role, "emergency_id": bound}
    async with ctx.db.tx() as conn:
        await add_token(conn, row | {"centre_id": None, "volunteer_id": None})
    return {"Authorization": f"Bearer {secret}"}


async def all_of(ctx: Context) -> list[Entity]:
    found = await rows(ctx, "SELECT * FROM entities WHERE state = 'active' ORDER BY entity_key")
    return [opened(ctx, "any", row) for row in found]


async def outcomes(ctx: Context) -> list[str]:
    return [r["outcome"] for r in await rows(ctx, "SELECT outcome FROM entity_changes ORDER BY at, id")]


async def test_registered_on_monday_it_is_chosen_on_tuesday(phone: Field) -> None:
    await stocked(phone.ctx)
    assert (await file_of(phone)).splitlines() == ["name,label,__version,card,infants,people,place"]
    monday = await phone.send("household", **household())
    await settle(phone.ctx)
    [_, line] = (await file_of(phone)).splitlines()
    assert line == f"{HOUSEHOLD},4829-1375,1,4829-1375,1,5,پلدختر"
    assert await effects(phone.ctx, monday) == [("entity", "done", None)]
    tuesday = await phone.send("distribution", given("C-NORTH", HOUSEHOLD, blanket=1))
    await settle(phone.ctx)
    [row] = await rows(phone.ctx, "SELECT data FROM submission_effects WHERE submission_id = %s", tuesday.id)
    assert row["data"].get("recipient", {"id": HOUSEHOLD})["id"] == HOUSEHOLD
    events = await rows(phone.ctx, "SELECT data::text AS said FROM events_unsealed WHERE verb = 'entity.changed'")
    assert len(events) == 1
    assert not {"4829", "پلدختر"} & set(events[0]["said"])
    sealed = await rows(
        phone.ctx, "SELECT data_sealed FROM entities UNION ALL SELECT change_sealed FROM entity_changes"
    )
    assert not any(b"4829" in bytes(r["data_sealed"]) for r in sealed)
    elsewhere = await Field(phone.ctx, await emergency(phone.ctx, "E-OTHER")).sign_in()
    assert HOUSEHOLD not in await file_of(elsewhere)


async def test_an_edit_changes_what_it_says_otherwise_and_takes_back_what_it_refuses(phone: Field) -> None:
    first = await phone.send("household", **household(5))
    await settle(phone.ctx)
    second = await phone.send("household", replaces=first, **household(7))
    await settle(phone.ctx)
    [entity] = await all_of(phone.ctx)
    assert (entity.version, entity.properties["people"], entity.properties["card"]) == (2, "7", "4829-1375")
    await phone.send("household", replaces=second, **household(7, "no"))
    await settle(phone.ctx)
    assert await all_of(phone.ctx) == []
    assert HOUSEHOLD not in await file_of(phone)
    assert await outcomes(phone.ctx) == ["created", "updated"]


async def test_without_consent_nobody_is_registered(phone: Field) -> None:
    await phone.send("household", **household(5, "no"))
    await settle(phone.ctx)
    assert await rows(phone.ctx, "SELECT 1 FROM entities") == []


XFORM = (
    b'<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"'
    b' xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head>'
    b'<model entities:entities-version="2024.1.0"><instance><data id="wells"><depth/><water/><meta>'
    b'<entity dataset="wells" create="" update="" id="" baseVersion="" trunkVersion="" branchId=""><label/></entity>'
    b'</meta></data></instance><bind nodeset="/data/depth" entities:saveto="depth"/>'
    b'<bind nodeset="/data/water" entities:saveto="water"/></model></h:head></h:html>'
)


def well(change: Change) -> dict[str, str]:
    """A change as a phone writes it."""
    numbers = "".join(
        f" {name}='{value}'"
        for name, value in (
            ("baseVersion", change.base_version),
            ("trunkVersion", change.trunk_version),
            ("branchId", change.branch),
        )
        if value is not None
    )
    asks = {"create": "create='1'", "update": "update='1'", "upsert": "create='1' update='1'"}[change.action]
    label = f"<label>{change.label}</label>" if change.label else "<label/>"
    answers = "".join(f"<{name}>{value}</{name}>" for name, value in change.properties.items())
    return {"body": answers, "meta": f"<entity dataset='wells' id='{change.id}' {asks}{numbers}>{label}</entity>"}


async def wells(phone: Field) -> UUID:
    """A bare form of somebody's that registers and changes wells."""
    made = compile_form(
        markdown_form("| | type | name | label |\n| | text | depth | D |\n| | text | water | W |\n"), ".md"
    )
    async with phone.ctx.db.tx() as conn:
        return await put_form(conn, replace(made, form_id="wells", version="1", xml=XFORM))


async def say(phone: Field, change: Change, **more: Any) -> Sent:
    return await phone.send("wells", version="1", **well(change), **more)


def model(changes: list[Change]) -> Entity | None:
    """What comes of changes in the order in which they came; what came before the entity follows it."""
    now: Entity | None = None
    waiting: list[Change] = []
    for change in changes:
        before = now
        now, outcome = rules.apply(now, change)
        waiting += [change] if outcome == "absent" else []
        for late in waiting if before is None and now is not None else ():
            now, _ = rules.apply(now, late)
    return now


def some(random_: random.Random, key: str) -> list[Change]:
    """A registration and changes made apart, two phones' without a network, in any order, some twice."""
    told: list[Change] = [Change("wells", key, "create", "چاه", {"depth": "4", "water": "yes"})]
    for branch in ("a", "b"):
        for step in range(1, random_.randint(2, 3)):
            said = {random_.choice(("depth", "water")): str(random_.randint(1, 9))}
            told.append(Change("wells", key, "update", None, said, step, 1, branch))
    told += [Change("wells", key, "upsert", "چاه ۲", {"depth": "8"}, random_.choice((None, 1, 2)))]
    told += random_.sample(told, 2)
    random_.shuffle(told)
    return told


async def test_any_order_and_repetition_ends_as_the_model_says(phone: Field) -> None:
    await wells(phone)
    told: dict[str, list[Change]] = {}
    for seed in range(12):
        key = str(UUID(int=seed + 1))
        told[key] = some(random.Random(seed), key)
        for change in told[key]:
            await say(phone, change)
    await settle(phone.ctx)
    found = {entity.id: entity for entity in await all_of(phone.ctx)}
    for key, changes in told.items():
        expected = model(changes)
        assert expected is not None
        assert found[key] == replace(expected, dataset="any"), changes
    kept = await rows(phone.ctx, "SELECT 1 FROM entity_changes")
    assert len(kept) == sum(map(len, told.values()))


async def test_a_submission_counts_once_also_when_two_work_at_it(phone: Field) -> None:
    version_id = await wells(phone)
    key = str(uuid4())
    await say(phone, Change("wells", key, "create", "چاه", {"depth": "4"}))
    await settle(phone.ctx)
    sent = await say(phone, Change("wells", key, "update", None, {"depth": "5"}))
    xml = well(Change("wells", key, "update", None, {"depth": "5"}))
    instance = parse_instance(f"<data id='wells' version='1'>{xml['body']}<meta>{xml['meta']}</meta></data>".encode())

    async def once(*, dies: bool = False) -> None:
        async with phone.ctx.db.tx() as conn:
            version = await versions.load(conn, version_id)
            row = await effect_queries.take(conn, sent.id)
            assert version is not None
            assert row is not None
            await entities.apply_changes(
                conn, phone.ctx, row | {"emergency_id": row["at_emergency"]}, version, instance, "token:x"
            )
            if dies:
                raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await once(dies=True)
    assert (await all_of(phone.ctx))[0].version == 1, "what was not committed did not happen"
    await asyncio.gather(*(once() for _ in range(4)))
    assert (await all_of(phone.ctx))[0].version == 2
    assert await outcomes(phone.ctx) == ["created", "updated"]


async def test_a_centres_phone_changes_its_own_alone(phone: Field) -> None:
    made = await stocked(phone.ctx)
    await wells(phone)
    key = str(uuid4())
    north, south = [await Field(phone.ctx, phone.emergency, made[code]).sign_in() for code in ("C-NORTH", "C-SOUTH")]
    await say(north, Change("wells", key, "create", "چاه", {"depth": "4"}))
    await say(south, Change("wells", key, "update", None, {"depth": "9"}))
    await settle(phone.ctx)
    assert [e.properties["depth"] for e in await all_of(phone.ctx)] == ["4"]
    found = await rows(phone.ctx, "SELECT problems FROM submissions ORDER BY seq")
    assert [f["problems"] for f in found] == [[], [["/", "entity.other_centre"]]]
    assert key in await file_of(north, "wells.csv")
    assert key not in await file_of(south, "wells.csv")


async def test_a_person_sees_both_sides_and_puts_it_right(phone: Field) -> None:
    await wells(phone)
    key = str(uuid4())
    for change in (
        Change("wells", key, "create", "=چاه", {"depth": "4"}),
        Change("wells", key, "update", None, {"depth": "5"}, 1),
        Change("wells", key, "update", None, {"depth": "6"}, 1),
    ):
        await say(phone, change)
    await settle(phone.ctx)
    assert spec_of(XFORM).declarations
    async with a_client(an_app(phone.ctx, router)) as client:
        head = await signed_in(phone.ctx, "coordinator", phone.emergency)
        other = await signed_in(phone.ctx, "coordinator", await emergency(phone.ctx, "E-OTHER"))
        [listed] = (await client.get("/api/entity-lists", headers=head)).json()["items"]
        assert (listed["name"], listed["entities"], listed["conflicts"]) == ("wells", 1, 1)
        assert (await client.get("/api/entity-lists", headers=other)).json()["items"] == []
        assert (await client.get("/api/entity-lists/wells", headers=other)).status_code == 404
        assert (await client.get(f"/api/entity-lists/wells/{key}", headers=other)).status_code == 404
        [clash] = (await client.get("/api/entity-lists/wells?state=conflict", headers=head)).json()["items"]
        assert [side["differ"] for side in clash["sides"]] == [{"depth": ["5", "6"]}]
        told = (await client.get("/api/entity-lists/wells.csv", headers=head)).text
        assert f'"{key}","\'=چاه",3,"6"' in told
        path = f"/api/entity-lists/wells/{key}"
        one = await client.get(path, headers=head)
        assert len(one.json()["changes"]) == 3
        right = {"properties": {"depth": "5"}}
        assert (await client.patch(path, json=right, headers=head)).status_code == 428
        seen = {**head, "If-Match": one.headers["etag"]}
        fixed = await client.patch(path, json=right, headers=seen)
        assert (fixed.status_code, fixed.json()["properties"], fixed.json()["conflict"]) == (200, {"depth": "5"}, False)
        again = await client.patch(path, json=right, headers=seen)
        assert (again.status_code, again.json()["current"]["version"]) == (412, 4)
        gone = await client.patch(path, json={"archived": True}, headers={**head, "If-Match": fixed.headers["etag"]})
        assert gone.json()["state"] == "archived"
    assert key not in await file_of(phone, "wells.csv")
    verbs = await rows(phone.ctx, "SELECT DISTINCT verb FROM events_unsealed WHERE verb LIKE %s ORDER BY 1", "entity.%")
    assert [v["verb"] for v in verbs] == ["entity.changed", "entity.exported", "entity.opened"]
