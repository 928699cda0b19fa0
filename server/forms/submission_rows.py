"""All SQL of taking submissions in: instances with their parts, their files, the lines of their edits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from server.kernel.db import Conn
from server.kernel.packing import packed

_EDITS: Final = "forms:edits"
SUBMISSION: Final = (
    ("id", "uuid"),
    ("report_id", "uuid"),
    ("version_id", "uuid"),
    ("form_id", "text"),
    ("form_version", "text"),
    ("instance_key", "text"),
    ("xml_digest", "bytea"),
    ("root_key", "text"),
    ("replaces_key", "text"),
    ("state", "text"),
    ("emergency_id", "uuid"),
    ("centre_id", "uuid"),
    ("sent_by", "text"),
    ("marks", "text"),
    ("wanted", "text"),
)
"""What is written of a new submission; `marks` says which truths hold, `wanted` bears names parted by tabs."""
ATTACHMENT: Final = (
    ("id", "uuid"),
    ("report_id", "uuid"),
    ("source", "text"),
    ("instance_id", "text"),
    ("name", "text"),
    ("digest", "bytea"),
    ("content_type", "text"),
    ("size", "int8"),
    ("blob_id", "uuid"),
    ("state", "text"),
    ("name_sealed", "bytea"),
    ("sealing_key_id", "text"),
    ("data_key_wrapped", "bytea"),
)


def _arrays(columns: Sequence[tuple[str, str]]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("%b::{}[]").format(sql.SQL(kind)) for _, kind in columns)


def _names(columns: Sequence[tuple[str, str]]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)


_INSERT: Final = sql.SQL(
    "INSERT INTO submissions (id, report_id, version_id, form_id, form_version, instance_key, xml_digest, root_key,"
    " replaces_key, state, emergency_id, centre_id, sent_by, wanted, conflict, draft, encrypted, closed, settled_at)"
    " SELECT id, report_id, version_id, form_id, form_version, instance_key, xml_digest, root_key, replaces_key, state,"
    " emergency_id, centre_id, sent_by, CASE WHEN wanted = '' THEN '{{}}' ELSE string_to_array(wanted, E'\\t') END,"
    " marks ~ 'c', marks ~ 'd', marks ~ 'e', marks ~ 'l', CASE WHEN marks ~ 's' THEN clock_timestamp() END"
    " FROM unnest({arrays}) AS new ({names}) ON CONFLICT DO NOTHING RETURNING id"
).format(arrays=_arrays(SUBMISSION), names=_names(SUBMISSION)).as_bytes()  # fmt: skip
_INSERT_FILES: Final = sql.SQL(
    "INSERT INTO attachments ({names}) SELECT * FROM unnest({arrays}) AS new"
    " ON CONFLICT ON CONSTRAINT uq_attachments_source_instance_id_name_digest DO NOTHING"
).format(arrays=_arrays(ATTACHMENT), names=_names(ATTACHMENT)).as_bytes()  # fmt: skip


async def version_filled_in(conn: Conn, form_id: str, version: str) -> DictRow | None:
    """The version that was filled in; without it, the newest there is. `exact` says which."""
    found = await conn.execute(
        "SELECT id, state, version = %(version)s AS exact FROM forms WHERE form_id = %(id)s"
        " ORDER BY version = %(version)s DESC, state = 'published' DESC, created_at DESC LIMIT 1",
        {"id": form_id, "version": version},
    )
    return await found.fetchone()


async def lock_instances(conn: Conn, keys: Iterable[str]) -> None:
    """One writer of an instance at a time, until the transaction ends; in one order for everybody."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(k) FROM (SELECT DISTINCT hashtextextended('forms:' || key, 0) AS k"
        " FROM unnest(%b::text[]) AS key ORDER BY 1) AS sorted",
        (packed("text", list(keys)),),
    )


async def begin(conn: Conn, locked: Iterable[str], keys: Sequence[str]) -> tuple[UUID | None, list[DictRow]]:
    """The sole open emergency, and submissions of these instances with those edits that replace one of them.

    First all keys in `locked` are locked, for what is read to be theirs. The three are sent in one go where the
    connection can.
    """
    # Before its first statistics a table passes for tiny, and would be read whole for every group.
    await conn.execute("SET LOCAL enable_seqscan = off")
    await lock_instances(conn, locked)
    opened = await conn.execute("SELECT id FROM emergencies WHERE status = 'open' LIMIT 2")
    found = await conn.execute(
        "SELECT id, instance_key, xml_digest, replaces_key, state, conflict, closed, wanted FROM submissions"
        " WHERE instance_key = ANY(%(keys)b::text[]) OR replaces_key = ANY(%(keys)b::text[])",
        {"keys": packed("text", keys)},
    )
    emergencies, rows = await opened.fetchall(), await found.fetchall()
    return (emergencies[0]["id"] if len(emergencies) == 1 else None), rows


async def lock_edits(conn: Conn) -> None:
    """One writer of edits at a time: two of them may belong to one line that neither can see whole."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (_EDITS,))


async def add(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert submissions (`SUBMISSION`); what is there is left as it is."""
    await conn.execute(_INSERT, [packed(kind, [row[name] for row in rows]) for name, kind in SUBMISSION])


async def update(conn: Conn, changes: Sequence[tuple[UUID, str, bool, bool]]) -> None:
    """Set state, closed and conflict of submissions by id."""
    await conn.execute(
        "UPDATE submissions s SET state = v.state, closed = v.closed, conflict = v.conflict"
        " FROM unnest(%s::uuid[], %s::text[], %s::bool[], %s::bool[]) AS v (id, state, closed, conflict)"
        " WHERE s.id = v.id",
        [list(column) for column in zip(*changes, strict=True)],
    )


async def files_of(conn: Conn, source: str, keys: Sequence[str]) -> list[DictRow]:
    """The files of these instances: instance_id, name, digest, size."""
    found = await conn.execute(
        "SELECT instance_id, name, digest, size FROM attachments WHERE source = %s AND instance_id = ANY(%s)",
        (source, list(keys)),
    )
    return await found.fetchall()


async def add_files(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert files of submissions (`ATTACHMENT`)."""
    await conn.execute(_INSERT_FILES, [packed(kind, [row[name] for row in rows]) for name, kind in ATTACHMENT])


async def line_of(conn: Conn, keys: Sequence[str]) -> list[DictRow]:
    """Every submission whose line of edits touches one of the keys, in the order they came."""
    found = await conn.execute(
        "WITH RECURSIVE line (key) AS (SELECT unnest(%s::text[]) UNION"
        " SELECT step.key FROM line JOIN submissions s ON s.instance_key = line.key OR s.replaces_key = line.key"
        " CROSS JOIN LATERAL (VALUES (s.instance_key), (s.replaces_key)) AS step (key) WHERE step.key IS NOT NULL)"
        " SELECT id, seq, instance_key, replaces_key, root_key, current, conflict, centre_id FROM submissions"
        " WHERE instance_key IN (SELECT key FROM line) ORDER BY seq",
        (list(keys),),
    )
    return await found.fetchall()


async def set_line(conn: Conn, changes: Sequence[tuple[UUID, str, bool, bool]]) -> None:
    """Set root, whether it counts, and conflict of submissions by id."""
    await conn.execute(
        "UPDATE submissions s SET root_key = v.root, current = v.current, conflict = v.conflict"
        " FROM unnest(%s::uuid[], %s::text[], %s::bool[], %s::bool[]) AS v (id, root, current, conflict)"
        " WHERE s.id = v.id",
        [list(column) for column in zip(*changes, strict=True)],
    )


async def silence(conn: Conn, report_ids: Sequence[UUID]) -> None:
    """Reports that nobody shall read: those of forms which are only tried."""
    await conn.execute(
        "UPDATE reports SET read_state = 'read', read_at = clock_timestamp() WHERE id = ANY(%s)", (list(report_ids),)
    )
