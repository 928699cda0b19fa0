"""Who may see which event: the table of docs/live.md, and what follows from scopes."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from server.access.principal import Principal, Scope
from server.access.roles import ROLES, Role
from server.live.rules import AUDIT_ONLY, SEEN_WITH, may_see, wish_of

DOC = Path(__file__).parents[3] / "docs" / "live.md"
HERE, THERE = uuid4(), uuid4()


def one(role: Role, **bounds: object) -> Principal:
    return Principal("token", uuid4(), (Scope(role, **bounds),))  # type: ignore[arg-type]


def rows() -> list[tuple[str, set[str]]]:
    found = re.findall(r"^\| `([a-z_.*]+)` \| ([a-z, —]+) \|", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    return [(verb, {part.strip() for part in roles.split(",")} - {"—"}) for verb, roles in found]


def test_the_table_in_the_docs_is_the_rule() -> None:
    table = rows()
    assert {verb.partition(".")[0] for verb, _ in table} == set(SEEN_WITH)
    assert {verb for verb, _ in table if not verb.endswith("*")} == set(AUDIT_ONLY)
    for verb, roles in table:
        concrete = verb.replace("*", "changed")
        assert {role for role in ROLES if may_see(one(role), concrete, None)} == roles, verb


@pytest.mark.parametrize("role", ROLES)
def test_an_unknown_noun_is_for_nobody(role: Role) -> None:
    assert not may_see(one(role), "password.changed", None)


def test_one_bound_to_an_emergency_hears_of_it_and_of_what_has_none() -> None:
    bound = one("coordinator", emergency_id=HERE)
    assert may_see(bound, "need.created", None, HERE)
    assert may_see(bound, "centre.changed", None, None)
    assert not may_see(bound, "need.created", None, THERE)


def test_one_bound_to_a_centre_hears_of_its_own_people_and_stock_and_of_every_need() -> None:
    bound = one("dispatcher", centre_id=HERE)
    assert may_see(bound, "volunteer.changed", HERE)
    assert may_see(bound, "stock.counted", HERE)
    assert not may_see(bound, "volunteer.changed", THERE)
    assert not may_see(bound, "stock.counted", THERE)
    assert may_see(bound, "task.queued", THERE)
    assert may_see(bound, "need.created", None)


def test_a_wish_names_nouns_and_centres() -> None:
    wish = wish_of("task,offer", str(HERE))
    assert wish
    assert wish.wants("task.queued", HERE)
    assert wish.wants("offer.made", None)
    assert not wish.wants("task.queued", THERE)
    assert not wish.wants("need.created", HERE)
    everything = wish_of("", " , ")
    assert everything
    assert everything.wants("need.created", THERE)
    assert wish_of("task", "no-id") is None
    assert wish_of(",".join("abcdefghij" * 5), "") is None
