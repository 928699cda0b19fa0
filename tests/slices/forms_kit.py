"""What the tests of forms' effects share: our own forms published, filled in as phones do, read by the chain."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from field_forms.builtin import BUILTIN, WITH_LISTS, compiled
from field_forms.entities import spec_of
from field_forms.xlsform import CompiledForm
from server.access.context import Context
from server.access.principal import Principal, Scope
from server.access.roles import Role
from server.forms import entities, settling, storing, taking, versions
from server.kernel.ids import uuid7
from server.loops import ON_NEEDS
from server.reports.chain import process_batch
from server.supplies import queries as supplies
from tests.slices.chain_kit import centre

SPOT = "33.15249 47.71014 640 8"


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission as it stands in the tables."""

    id: UUID
    report: UUID
    instance: str


async def publish(ctx: Context, *form_ids: str) -> dict[str, UUID]:
    """The built-in forms as rows of `forms`; their versions' ids."""
    made = {}
    async with ctx.db.tx() as conn:
        for form_id in dict.fromkeys(form_ids or BUILTIN + WITH_LISTS):
            made[form_id] = await _version(conn, form_id)
    return made


async def _version(conn: Any, form_id: str) -> UUID:
    return await put_form(conn, compiled(form_id))


async def put_form(conn: Any, form: CompiledForm) -> UUID:
    """Any compiled form as a row of `forms`; its version's id."""
    asked = (form.form_id, form.version)
    found = await conn.execute("SELECT id FROM forms WHERE form_id = %s AND version = %s", asked)
    if known := await found.fetchone():
        return UUID(str(known["id"]))
    new = uuid7()
    await conn.execute(
        "INSERT INTO forms (id, form_id, version, title, xml, md5, bindings, entities)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            new,
            form.form_id,
            form.version,
            Jsonb(form.titles),
            form.xml,
            hashlib.md5(form.xml).hexdigest(),
            Jsonb(form.bindings.to_json()),
            Jsonb(versions.spec_json(spec_of(form.xml))),
        ),
    )
    return new


@dataclass(slots=True)
class Field:
    """A field team's phone: where it is bound, who it is."""

    ctx: Context
    emergency: UUID
    centre: UUID | None = None
    role: Role = "field"
    volunteer: UUID | None = None
    actor: str = ""

    async def sign_in(self) -> "Field":
        """Give the phone a token of its own."""
        token = uuid4()
        async with self.ctx.db.tx() as conn:
            await conn.execute(
                "INSERT INTO tokens (id, hash, role, name, centre_id, emergency_id, volunteer_id)"
                " VALUES (%s, %s, %s, 'team', %s, %s, %s)",
                (token, token.bytes * 2, self.role, self.centre, self.emergency, self.volunteer),
            )
        self.actor = f"token:{token}"
        return self

    async def send(self, form_id: str, body: str, *, replaces: Sent | str | None = None, **more: Any) -> Sent:
        """One filled-in form, kept as the door keeps it. `meta`: other children of meta; `instance`: its id."""
        instance = more.get("instance") or f"uuid:{uuid4()}"
        before = replaces.instance if isinstance(replaces, Sent) else replaces
        old = f"<deprecatedID>{before}</deprecatedID>" if before else ""
        meta = f"<meta><instanceID>{instance}</instanceID>{old}{more.get('meta', '')}</meta>"
        sealed = " encrypted='yes'" if more.get("encrypted") else ""
        known = "no_such_form" if more.get("stranger") else form_id
        version = more.get("version") or compiled(form_id).version
        xml = f"<data id='{known}' version='{version}'{sealed}>{body}{meta}</data>".encode()
        who = Principal("token", UUID(self.actor.partition(":")[2]), (self.scope,))
        pending = await taking.ready(self.ctx, who, taking.Sent(xml, draft=more.get("draft", False)))
        async with self.ctx.db.tx() as conn:
            [taken] = await storing.write_group(conn, self.ctx, [pending])
            found = await conn.execute("SELECT id FROM submissions WHERE report_id = %s", (taken.report_id,))
            [row] = await found.fetchall()
        return Sent(row["id"], taken.report_id, instance)

    @property
    def scope(self) -> Scope:
        """What the phone's token may do where."""
        return Scope(self.role, self.centre, self.emergency, self.volunteer)


async def settle(ctx: Context) -> int:
    """Let the chain read and the forms be carried out until nothing waits; how many were settled."""
    await read_all(ctx)
    done = 0
    while some := await settling.step(ctx, ON_NEEDS, entities.apply_changes):
        done += some
    return done


async def stocked(ctx: Context) -> dict[str, UUID]:
    """Two centres and a small catalogue: their ids by code."""
    made = {code: await centre(ctx, code, lon, 33.2) for code, lon in (("C-NORTH", 47.7), ("C-SOUTH", 47.9))}
    async with ctx.db.tx() as conn:
        for code, category, unit in (("blanket", "bedding", "piece"), ("water_bulk", "water", "litre")):
            made[code] = uuid7()
            await conn.execute(
                "INSERT INTO items (id, code, name_fa, name_en, category, unit) VALUES (%s, %s, %s, %s, %s, %s)",
                (made[code], code, code, code, category, unit),
            )
    return made


async def shelf(ctx: Context, code: str = "C-NORTH") -> dict[str, int]:
    """What the books hold at a centre, by item; the ledger agrees with itself."""
    async with ctx.db.tx() as conn:
        assert await supplies.drift(conn) == 0
        found = await conn.execute(
            "SELECT item_id, sum(quantity) AS n FROM entries GROUP BY 1 HAVING sum(quantity) <> 0"
        )
        assert await found.fetchall() == []
    held = await rows(
        ctx,
        "SELECT i.code, s.quantity FROM stock s JOIN stock_accounts a ON a.id = s.account_id JOIN items i"
        " ON i.id = s.item_id JOIN centres c ON c.id = a.centre_id WHERE c.code = %s AND s.quantity <> 0",
        code,
    )
    return {r["code"]: int(r["quantity"]) for r in held}


async def effects(ctx: Context, sent: Sent) -> list[tuple[str, str, str | None]]:
    """What became of each thing that a submission says: (kind, state, reason)."""
    found = await rows(
        ctx, "SELECT kind, state, reason FROM submission_effects WHERE submission_id = %s ORDER BY kind, nth", sent.id
    )
    return [(r["kind"], r["state"], r["reason"]) for r in found]


def count(centre: str | None, **items: int) -> str:
    """The answers of a stock count."""
    lines = "".join(f"<counted><item>{item}</item><quantity>{n}</quantity></counted>" for item, n in items.items())
    return f"<centre>{centre or ''}</centre>{lines}"


def given(centre: str | None, household: str = "", **items: int) -> str:
    """The answers of a distribution."""
    lines = "".join(f"<goods><item>{item}</item><quantity>{n}</quantity></goods>" for item, n in items.items())
    who = f"<receiver><centre>{centre or ''}</centre><household>{household}</household></receiver>"
    return f"{who}{lines}<receipt><signature>mark.png</signature></receipt>"


async def read_all(ctx: Context) -> None:
    """Let the chain read whatever waits."""
    while await process_batch(ctx, ON_NEEDS):
        pass


async def rows(ctx: Context, query: str, *values: Any) -> list[DictRow]:
    """The rows of a query."""
    async with ctx.db.tx() as conn:
        return await (await conn.execute(query, values)).fetchall()
