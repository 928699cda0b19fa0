"""All SQL of settling: what waits, what was done, what stands."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn

# Replaced: a later edit counts in its place. Another version of the same instance (a conflict) replaces nothing.
_OF_REPORTS: Final = """
SELECT s.id, s.report_id, s.opened_report_id, s.version_id, s.draft, s.encrypted, NOT s.current AS replaced
FROM submissions s WHERE s.report_id = ANY(%(ids)s)
UNION
SELECT s.id, s.report_id, s.opened_report_id, s.version_id, s.draft, s.encrypted, NOT s.current AS replaced
FROM submissions s WHERE s.opened_report_id = ANY(%(ids)s)
"""


async def submissions_of(conn: Conn, report_ids: Sequence[UUID]) -> list[DictRow]:
    """The submissions whose report, sealed or opened, is among these."""
    return await (await conn.execute(_OF_REPORTS, {"ids": list(report_ids)})).fetchall()


# Whatever the chain has not read yet waits for it (its incidents are needed), and holds back those behind it for a
# while, so that things happen in the order in which they came.
_WAITING: Final = """
SELECT s.*, coalesce(r.emergency_id, s.emergency_id) AS at_emergency, r.occurred_at,
  r.read_at IS NOT NULL OR r.read_state = 'failed' AS read,
  EXISTS (SELECT 1 FROM submissions o WHERE o.root_key = s.root_key AND o.id <> s.id AND NOT o.draft) AS edited
FROM submissions s JOIN reports r ON r.id = coalesce(s.opened_report_id, s.report_id)
WHERE s.settled_at IS NULL AND NOT s.draft AND (NOT s.encrypted OR s.opened_report_id IS NOT NULL)
  AND (r.read_at IS NOT NULL OR r.read_state = 'failed'
    OR s.received_at > clock_timestamp() - make_interval(secs => %s))
ORDER BY s.seq LIMIT %s
"""
_ONE: Final = """
SELECT s.*, coalesce(r.emergency_id, s.emergency_id) AS at_emergency, r.occurred_at,
  EXISTS (SELECT 1 FROM submissions o WHERE o.instance_key = s.instance_key AND o.seq < s.seq AND NOT o.draft) AS clash,
  EXISTS (SELECT 1 FROM submissions o WHERE o.root_key = s.root_key AND o.id <> s.id AND NOT o.draft) AS edited
FROM submissions s JOIN reports r ON r.id = coalesce(s.opened_report_id, s.report_id)
WHERE s.id = %s FOR NO KEY UPDATE OF s
"""


async def waiting(conn: Conn, patience_s: float, limit: int) -> list[DictRow]:
    """Submissions that were not carried out yet, in the order in which they came."""
    return await (await conn.execute(_WAITING, (patience_s, limit))).fetchall()


async def take(conn: Conn, submission_id: UUID) -> DictRow | None:
    """One submission, locked. `clash`: another content came under its id before; `edited`: it is not alone."""
    return await (await conn.execute(_ONE, (submission_id,))).fetchone()


async def bodies(conn: Conn, report_ids: Sequence[UUID]) -> dict[UUID, DictRow]:
    """What opens the answers of these reports, by report."""
    found = await conn.execute(
        "SELECT id, body_sealed, data_key_wrapped FROM reports WHERE id = ANY(%s)", (list(report_ids),)
    )
    return {row["id"]: row for row in await found.fetchall()}


async def family(conn: Conn, submission: Mapping[str, Any]) -> list[DictRow]:
    """The other edits of a submission, newest first; not another content of the same id."""
    found = await conn.execute(
        "SELECT id, coalesce(opened_report_id, report_id) AS report_id, received_at, current, settled_at"
        " FROM submissions WHERE root_key = %(root_key)s AND id <> %(id)s AND instance_key <> %(instance_key)s"
        " AND NOT draft"
        " ORDER BY seq DESC",
        submission,
    )
    return await found.fetchall()


async def lock_reports(conn: Conn, report_ids: Sequence[UUID]) -> None:
    """Wait for a chain that is reading one of these reports, and keep others away."""
    await conn.execute("SELECT 1 FROM reports WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (list(report_ids),))


async def done_effects(conn: Conn, submission_ids: Sequence[UUID]) -> list[DictRow]:
    """What these submissions did and what still stands, the newest first."""
    found = await conn.execute(
        "SELECT * FROM submission_effects WHERE submission_id = ANY(%s) AND state = 'done' ORDER BY at DESC, nth DESC",
        (list(submission_ids),),
    )
    return await found.fetchall()


async def put_effect(conn: Conn, row: Mapping[str, Any]) -> None:
    """What became of one thing that a submission says; once more for the same thing is in the place of the former."""
    await conn.execute(
        "INSERT INTO submission_effects (id, submission_id, kind, nth, subject_type, subject_id, state, reason, data)"
        " VALUES (%(id)s, %(submission_id)s, %(kind)s, %(nth)s, %(subject_type)s, %(subject_id)s, %(state)s,"
        " %(reason)s, %(data)s) ON CONFLICT (submission_id, kind, nth) DO UPDATE SET subject_type ="
        " excluded.subject_type, subject_id = excluded.subject_id, state = excluded.state, reason = excluded.reason,"
        " data = excluded.data, at = clock_timestamp()",
        {**row, "data": Jsonb(row["data"])},
    )


async def mark_effects(conn: Conn, ids: Sequence[UUID], state: str, by: Mapping[str, Any]) -> None:
    """Effects that no longer stand, and by what."""
    await conn.execute(
        "UPDATE submission_effects SET state = %s, data = data || %s WHERE id = ANY(%s)",
        (state, Jsonb(dict(by)), list(ids)),
    )


async def drop_refused(conn: Conn, submission_ids: Sequence[UUID], by: Mapping[str, Any]) -> None:
    """What earlier edits could not do need not be looked at any more."""
    await conn.execute(
        "UPDATE submission_effects SET state = 'reversed', data = data || %s"
        " WHERE submission_id = ANY(%s) AND state = 'refused'",
        (Jsonb(dict(by)), list(submission_ids)),
    )


async def settle(conn: Conn, ids: Sequence[UUID], reason: str | None, problems: Sequence[Any] = ()) -> None:
    """Submissions as carried out, or as needing nothing for a reason."""
    await conn.execute(
        "UPDATE submissions SET settled_at = clock_timestamp(), reason = %s, problems = problems || %s"
        " WHERE id = ANY(%s) AND settled_at IS NULL",
        (reason, Jsonb(list(problems)), list(ids)),
    )


async def failed(conn: Conn, submission_id: UUID, code: str, most: int) -> bool:
    """One more vain attempt; True when it was the last: it is set aside."""
    row = await (
        await conn.execute(
            "UPDATE submissions SET settle_attempts = settle_attempts + 1, reason = %(code)s,"
            " settled_at = CASE WHEN settle_attempts + 1 >= %(most)s THEN clock_timestamp() END"
            " WHERE id = %(id)s AND settled_at IS NULL RETURNING settled_at IS NOT NULL AS aside",
            {"id": submission_id, "code": code, "most": most},
        )
    ).fetchone()
    return bool(row and row["aside"])


async def effect(conn: Conn, effect_id: UUID) -> DictRow | None:
    """One effect, locked."""
    found = await conn.execute("SELECT * FROM submission_effects WHERE id = %s FOR UPDATE", (effect_id,))
    return await found.fetchone()


async def effects(conn: Conn, asked: Mapping[str, Any]) -> list[DictRow]:
    """Effects in a state, newest first, within any pair of `centres` and `emergencies` (None: all); `limit` rows."""
    found = await conn.execute(
        "SELECT e.id, e.submission_id, e.kind, e.nth, e.subject_type, e.subject_id, e.state, e.reason, e.data, e.at,"
        " s.form_id, s.report_id, coalesce(r.emergency_id, s.emergency_id) AS emergency_id, s.centre_id"
        " FROM submission_effects e JOIN submissions s ON s.id = e.submission_id JOIN reports r ON r.id = s.report_id"
        " WHERE e.state = %(state)s"
        " AND (%(emergency)s::uuid IS NULL OR coalesce(r.emergency_id, s.emergency_id) = %(emergency)s)"
        " AND EXISTS (SELECT 1 FROM unnest(%(centres)s::uuid[], %(emergencies)s::uuid[]) AS b (centre, emergency)"
        " WHERE (b.centre IS NULL OR b.centre = s.centre_id)"
        " AND (b.emergency IS NULL OR b.emergency = coalesce(r.emergency_id, s.emergency_id)))"
        " AND (%(at)s::timestamptz IS NULL OR (e.at, e.id) < (%(at)s, %(id)s))"
        " ORDER BY e.at DESC, e.id DESC LIMIT %(limit)s",
        asked,
    )
    return await found.fetchall()


async def sender(conn: Conn, actor: str) -> list[DictRow]:
    """The roles and bounds of whoever sent a form, a token's or an account's; none when it is neither."""
    kind, _, text = actor.partition(":")
    table = {"token": "tokens WHERE id = %s", "session": "grants WHERE account_id = %s"}.get(kind)
    if table is None:
        return []
    query = f"SELECT role, centre_id, emergency_id, volunteer_id FROM {table}"  # noqa: S608 - two fixed words
    return await (await conn.execute(query, (UUID(text),))).fetchall()


async def task_by_code(conn: Conn, code: str) -> DictRow | None:
    """A task, locked: where it stands, whose need it answers, whether goods are on the road for it."""
    found = await conn.execute(
        "SELECT t.id, t.code, t.state, t.emergency_id, t.need_id, EXISTS (SELECT 1 FROM stock k JOIN stock_accounts a"
        " ON a.id = k.account_id WHERE a.task_id = t.id AND k.quantity > 0) AS loaded"
        " FROM tasks t WHERE t.code = %s FOR NO KEY UPDATE OF t",
        (code,),
    )
    return await found.fetchone()


async def need_by_code(conn: Conn, code: str) -> DictRow | None:
    """A need by its code."""
    found = await conn.execute(
        "SELECT id, emergency_id, status, decided_by, merged_into, corroboration FROM needs WHERE code = %s", (code,)
    )
    return await found.fetchone()


async def need_by_id(conn: Conn, need_id: UUID) -> DictRow | None:
    """As `need_by_code`, by id."""
    found = await conn.execute(
        "SELECT id, emergency_id, status, decided_by, merged_into, corroboration FROM needs WHERE id = %s", (need_id,)
    )
    return await found.fetchone()


async def needs_of_entity(conn: Conn, asked: Mapping[str, Any]) -> list[DictRow]:
    """The needs that the forms about an entity told of (dataset, key, category, emergency): the open ones first."""
    found = await conn.execute(
        "SELECT n.id, n.emergency_id, n.status, n.decided_by, n.merged_into, n.corroboration FROM needs n WHERE n.id IN"
        " (SELECT k.need_id FROM entities e JOIN entity_lists l ON l.id = e.list_id"
        " JOIN entity_changes c ON c.entity_id = e.id JOIN submissions s ON s.id = c.submission_id"
        " JOIN report_links k ON k.report_id = coalesce(s.opened_report_id, s.report_id) AND k.undone_at IS NULL"
        " WHERE l.name = %(dataset)s AND e.entity_key = %(key)s"
        " AND (l.emergency_id IS NULL OR l.emergency_id = %(emergency)s))"
        " AND n.category = %(category)s AND n.emergency_id = %(emergency)s AND n.merged_into IS NULL"
        " ORDER BY n.status IN ('open', 'tasked') DESC, n.first_reported_at DESC, n.id LIMIT 2",
        asked,
    )
    return await found.fetchall()


async def volunteer_by_code(conn: Conn, code: str) -> DictRow | None:
    """A volunteer, locked: id, centre, status, version."""
    found = await conn.execute(
        "SELECT id, centre_id, status, version FROM volunteers WHERE code = %s FOR NO KEY UPDATE", (code,)
    )
    return await found.fetchone()


async def entity_outcomes(conn: Conn, submission_id: UUID) -> list[DictRow]:
    """The changes of entities that a submission asked for, and what became of each."""
    found = await conn.execute(
        "SELECT entity_id, nth, outcome FROM entity_changes WHERE submission_id = %s ORDER BY nth", (submission_id,)
    )
    return await found.fetchall()
