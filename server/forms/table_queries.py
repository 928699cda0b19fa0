"""The SQL of tables: a form's versions, its submissions a page or one by one, their edits, files and effects."""
# ruff: noqa: S608 - the texts put together here are this file's own; values go as parameters

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.principal import Principal
from server.kernel.db import Conn

EDITS_MOST: Final = 50
CHOICES_OF: Final = 20_000
"""Of so many submissions a page's choices of teams and versions are made."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which submissions of a form: None of a field means that all are meant. `since` counts in, `until` does not.

    `problems`: those that a person must look at: a refused effect, a problem, a conflict, never settled.
    """

    form_id: str
    who: Principal
    permission: str
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    version: str | None = None
    current: bool | None = None
    drafts: bool = False
    sent_by: str | None = None
    problems: bool = False
    drafts_alone: bool = False

    def values(self) -> dict[str, Any]:
        """For the statements below."""
        scopes = self.who.scopes_for(self.permission)
        everywhere = any(scope.centre_id is None and scope.emergency_id is None for scope in scopes)
        return {
            "form_id": self.form_id,
            "centres": None if everywhere else [scope.centre_id for scope in scopes],
            "emergencies": None if everywhere else [scope.emergency_id for scope in scopes],
            "state": self.state,
            "since": self.since,
            "until": self.until,
            "version": self.version,
            "current": self.current,
            "drafts": self.drafts,
            "sent_by": self.sent_by,
            "problems": self.problems,
            "drafts_alone": self.drafts_alone,
        }


_TROUBLED: Final = (
    "(s.conflict OR s.problems <> '[]' OR s.reason NOT IN ('superseded', 'encrypted.known')"
    " OR EXISTS (SELECT 1 FROM submission_effects e WHERE e.submission_id = s.id AND e.state = 'refused'))"
)
# A report may get its emergency after it came: then that one counts.
_EMERGENCY: Final = "coalesce((SELECT q.emergency_id FROM reports q WHERE q.id = s.report_id), s.emergency_id)"
_WHERE: Final = (
    " WHERE s.form_id = %(form_id)s"
    " AND (%(centres)s::uuid[] IS NULL OR EXISTS (SELECT 1 FROM unnest(%(centres)s::uuid[], %(emergencies)s::uuid[])"
    " AS b(centre, emergency) WHERE (b.centre IS NULL OR b.centre = s.centre_id)"
    f" AND (b.emergency IS NULL OR b.emergency = {_EMERGENCY})))"
    " AND (%(state)s::text IS NULL OR s.state = %(state)s)"
    " AND (%(since)s::timestamptz IS NULL OR s.received_at >= %(since)s)"
    " AND (%(until)s::timestamptz IS NULL OR s.received_at < %(until)s)"
    " AND (%(version)s::text IS NULL OR s.form_version = %(version)s)"
    " AND (%(current)s::boolean IS NULL OR s.current = %(current)s)"
    " AND (%(drafts)s OR NOT s.draft) AND (s.draft OR NOT %(drafts_alone)s)"
    " AND (%(sent_by)s::text IS NULL OR s.sent_by = %(sent_by)s)"
    f" AND (NOT %(problems)s OR {_TROUBLED})"
)
_NEWEST: Final = f"SELECT s.form_version, s.sent_by FROM submissions s{_WHERE} ORDER BY s.seq DESC LIMIT %(most)s"
_LINE: Final = (
    f"{_EMERGENCY} AS emergency_id,"
    "s.id, s.seq, s.report_id, s.opened_report_id, s.version_id, s.form_id, s.form_version, s.instance_key,"
    " s.root_key, s.state, s.current, s.conflict, s.draft, s.encrypted, s.closed, s.wanted,"
    " s.centre_id, s.sent_by, s.received_at, s.settled_at, s.reason, s.problems, t.name AS sender,"
    " c.name_fa AS centre_fa, c.name_en AS centre_en"
)
_NAMED: Final = " LEFT JOIN tokens t ON s.sent_by = 'token:' || t.id LEFT JOIN centres c ON c.id = s.centre_id"
_MADE: Final = (
    ", r.receipt, r.flags, r.read_state,"
    " (SELECT jsonb_object_agg(x.state, x.n) FROM (SELECT e.state, count(*) AS n FROM submission_effects e"
    " WHERE e.submission_id = s.id GROUP BY e.state) x) AS effects,"
    " (SELECT count(*) FROM attachments f WHERE f.instance_id = s.instance_key) AS files,"
    " (SELECT count(*) FROM report_links l WHERE l.report_id IN (s.report_id, s.opened_report_id)"
    " AND l.undone_at IS NULL) AS links"
)
_BODY: Final = (
    ", o.id AS body_id, o.body_sealed, o.data_key_wrapped"
    " FROM submissions s JOIN reports o ON o.id = coalesce(s.opened_report_id, s.report_id)"
)


async def page(conn: Conn, wanted: Wanted, *, before: int | None, limit: int) -> list[DictRow]:
    """A page of submissions, the newest first, with what each made; `before` is a `seq`."""
    found = await conn.execute(
        f"SELECT {_LINE}{_MADE} FROM submissions s JOIN reports r ON r.id = s.report_id{_NAMED}{_WHERE}"
        " AND (%(before)s::bigint IS NULL OR s.seq < %(before)s) ORDER BY s.seq DESC LIMIT %(limit)s",
        {**wanted.values(), "before": before, "limit": limit},
    )
    return await found.fetchall()


async def bodies(conn: Conn, ids: Sequence[UUID]) -> list[DictRow]:
    """The sealed answers of submissions: `id`, and a row of `reports` under `body_id`."""
    found = await conn.execute(f"SELECT s.id{_BODY} WHERE s.id = ANY(%s)", (list(ids),))
    return await found.fetchall()


async def batch(conn: Conn, wanted: Wanted, *, after: int, last: int, limit: int) -> list[DictRow]:
    """Submissions with their sealed answers in the order of their arrival, up to the `seq` `last`."""
    found = await conn.execute(
        f"SELECT {_LINE}{_BODY}{_NAMED}{_WHERE} AND s.seq > %(after)s AND s.seq <= %(last)s"
        " ORDER BY s.seq LIMIT %(limit)s",
        {**wanted.values(), "after": after, "last": last, "limit": limit},
    )
    return await found.fetchall()


async def extent(conn: Conn, wanted: Wanted) -> tuple[int, int]:
    """How many there are, and the `seq` of the last."""
    found = await conn.execute(
        f"SELECT count(*) AS n, coalesce(max(s.seq), 0) AS last FROM submissions s{_WHERE}", wanted.values()
    )
    row = await found.fetchone()
    return (row["n"], row["last"]) if row else (0, 0)


async def count(conn: Conn, wanted: Wanted, most: int) -> int:
    """How many there are, `most` at most."""
    found = await conn.execute(
        f"SELECT count(*) AS n FROM (SELECT 1 FROM submissions s{_WHERE} LIMIT %(most)s) x",
        {**wanted.values(), "most": most},
    )
    row = await found.fetchone()
    return row["n"] if row else 0


async def versions(conn: Conn, form_id: str) -> list[DictRow]:
    """Every version of a form, the newest first, drafts last."""
    found = await conn.execute(
        "SELECT id, version, title, state, bindings, created_at FROM forms WHERE form_id = %s"
        " ORDER BY state = 'draft', created_at DESC, id DESC",
        (form_id,),
    )
    return await found.fetchall()


async def form_xml(conn: Conn, version_id: UUID) -> DictRow | None:
    """The XForm of a version, and the version's state."""
    return await (await conn.execute("SELECT xml, state FROM forms WHERE id = %s", (version_id,))).fetchone()


async def filled_in(conn: Conn, wanted: Wanted) -> dict[str, list[DictRow]]:
    """What there is to choose from among the newest: `versions` (version, n), `senders` (sent_by, name).

    Only the bounds of `wanted` count: set nothing else in it.
    """
    values = {**wanted.values(), "drafts": True, "most": CHOICES_OF}
    kinds = await conn.execute(
        f"SELECT x.form_version AS version, count(*) AS n FROM ({_NEWEST}) x GROUP BY 1 ORDER BY 1 DESC", values
    )
    senders = await conn.execute(
        f"SELECT DISTINCT x.sent_by, t.name FROM ({_NEWEST}) x JOIN tokens t ON x.sent_by = 'token:' || t.id"
        " ORDER BY t.name LIMIT 200",
        values,
    )
    return {"versions": await kinds.fetchall(), "senders": await senders.fetchall()}


async def one(conn: Conn, submission_id: UUID) -> DictRow | None:
    """One submission with what it made and its sealed answers."""
    found = await conn.execute(
        f"SELECT {_LINE}{_MADE}{_BODY} JOIN reports r ON r.id = s.report_id{_NAMED} WHERE s.id = %s", (submission_id,)
    )
    return await found.fetchone()


async def edits(conn: Conn, root_key: str) -> list[DictRow]:
    """Every submission that is an edit of one, it too, in the order of arrival, with sealed answers."""
    found = await conn.execute(
        f"SELECT {_LINE}{_BODY}{_NAMED} WHERE s.root_key = %s ORDER BY s.seq LIMIT %s", (root_key, EDITS_MOST)
    )
    return await found.fetchall()


async def effects(conn: Conn, submission_id: UUID) -> list[DictRow]:
    """What a submission did, with the codes of the records where they have one."""
    found = await conn.execute(
        "SELECT e.id, e.kind, e.nth, e.subject_type, e.subject_id, e.state, e.reason, e.data, e.at,"
        " coalesce(m.code, k.code, h.code, v.code, n.code, i.code) AS code FROM submission_effects e"
        " LEFT JOIN movements m ON m.id = e.subject_id LEFT JOIN closures k ON k.id = e.subject_id"
        " LEFT JOIN shelters h ON h.id = e.subject_id LEFT JOIN volunteers v ON v.id = e.subject_id"
        " LEFT JOIN needs n ON n.id = e.subject_id LEFT JOIN incidents i ON i.id = e.subject_id"
        " WHERE e.submission_id = %s ORDER BY e.kind, e.nth",
        (submission_id,),
    )
    return await found.fetchall()


async def links(conn: Conn, report_ids: Sequence[UUID]) -> list[DictRow]:
    """The incidents and needs that reports are part of, the primary ones first."""
    found = await conn.execute(
        "SELECT DISTINCT ON (coalesce(l.need_id, l.incident_id)) CASE WHEN l.need_id IS NULL THEN 'incidents'"
        " ELSE 'needs' END AS type, coalesce(l.need_id, l.incident_id) AS id, coalesce(n.code, i.code) AS code,"
        " coalesce(n.category, i.category) AS category, l.role FROM report_links l LEFT JOIN needs n"
        " ON n.id = l.need_id LEFT JOIN incidents i ON i.id = l.incident_id"
        " WHERE l.report_id = ANY(%s) AND l.undone_at IS NULL",
        (list(report_ids),),
    )
    return sorted(await found.fetchall(), key=lambda row: (row["role"] != "primary", row["type"], row["code"]))


async def of_report(conn: Conn, report_id: UUID) -> UUID | None:
    """The submission whose report this is (of an encrypted one also that of its clear answers)."""
    found = await conn.execute(
        "SELECT id FROM submissions WHERE report_id = %(id)s OR opened_report_id = %(id)s LIMIT 1", {"id": report_id}
    )
    row = await found.fetchone()
    return row["id"] if row else None
