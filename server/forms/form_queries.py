"""All SQL of versions, where they are published, and their files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a version is given to phones: in one emergency, one centre, both, or (None) in all."""

    emergency_id: UUID | None = None
    centre_id: UUID | None = None


ALL = Scope()
_JSON = ("title", "bindings", "entities", "warnings")


async def lock_form(conn: Conn, form_id: str) -> None:
    """One publisher of a form at a time, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('forms:' || %s, 0))", (form_id,))


async def version_of(conn: Conn, form_id: str, version: str) -> DictRow | None:
    """One version of a form, whatever its state."""
    found = await conn.execute(
        "SELECT id, form_id, version, md5, state, files, public_key, kind, owner_emergency_id,"
        " owner_centre_id FROM forms"
        " WHERE form_id = %s AND version = %s",
        (form_id, version),
    )
    return await found.fetchone()


async def version_by_id(conn: Conn, version_id: UUID) -> DictRow | None:
    """As `version_of`, by its id: a version's number may be empty, or hold anything."""
    found = await conn.execute(
        "SELECT id, form_id, version, md5, state, files, public_key, kind, owner_emergency_id,"
        " owner_centre_id FROM forms WHERE id = %s",
        (version_id,),
    )
    return await found.fetchone()


async def xml_by_id(conn: Conn, version_id: UUID) -> bytes | None:
    """The XForm of a version."""
    row = await (await conn.execute("SELECT xml FROM forms WHERE id = %s", (version_id,))).fetchone()
    return bytes(row["xml"]) if row else None


async def has_source(conn: Conn, form_id: str, source: bytes) -> bool:
    """Whether this very workbook is a version of the form, whatever its state."""
    found = await conn.execute("SELECT 1 FROM forms WHERE form_id = %s AND source = %s", (form_id, source))
    return await found.fetchone() is not None


async def add_version(conn: Conn, row: Mapping[str, Any]) -> None:
    """Insert a version, a draft."""
    await conn.execute(
        "INSERT INTO forms (id, form_id, version, title, xml, md5, source, bindings, state, kind, file_type,"
        " public_key, entities, uploads, files, warnings, created_by,"
        " owner_emergency_id, owner_centre_id) VALUES (%(id)s, %(form_id)s,"
        " %(version)s, %(title)s, %(xml)s,"
        " %(md5)s, %(source)s, %(bindings)s, 'draft', %(kind)s, %(file_type)s, %(public_key)s, %(entities)s,"
        " %(uploads)s, %(files)s, %(warnings)s, %(created_by)s,"
        " %(owner_emergency_id)s, %(owner_centre_id)s)",
        _packed(row),
    )


async def change_draft(conn: Conn, row: Mapping[str, Any]) -> None:
    """Put other content into a draft; its files stay."""
    await conn.execute(
        "UPDATE forms SET title = %(title)s, xml = %(xml)s, md5 = %(md5)s, source = %(source)s, kind = %(kind)s,"
        " bindings = %(bindings)s, file_type = %(file_type)s, public_key = %(public_key)s, entities = %(entities)s,"
        " uploads = %(uploads)s, files = %(files)s, warnings = %(warnings)s, created_by = %(created_by)s,"
        " created_at = clock_timestamp() WHERE id = %(id)s AND state = 'draft'",
        _packed(row),
    )


def _packed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **{key: Jsonb(row[key]) for key in _JSON if row[key] is not None}}


async def drop_draft(conn: Conn, version_id: UUID) -> bool:
    """Throw a draft away, unless somebody has filled it in."""
    await conn.execute(
        "DELETE FROM form_media m USING forms f WHERE f.id = m.version_id AND f.id = %(id)s AND f.state = 'draft'"
        " AND NOT EXISTS (SELECT 1 FROM submissions s WHERE s.version_id = f.id)",
        {"id": version_id},
    )
    done = await conn.execute(
        "DELETE FROM forms f WHERE f.id = %(id)s AND f.state = 'draft'"
        " AND NOT EXISTS (SELECT 1 FROM submissions s WHERE s.version_id = f.id)",
        {"id": version_id},
    )
    return done.rowcount == 1


async def publication(conn: Conn, form_id: str, scope: Scope) -> UUID | None:
    """The version that is published to just this scope."""
    found = await conn.execute(
        "SELECT version_id FROM form_publications WHERE form_id = %s AND emergency_id IS NOT DISTINCT FROM %s"
        " AND centre_id IS NOT DISTINCT FROM %s",
        (form_id, scope.emergency_id, scope.centre_id),
    )
    row = await found.fetchone()
    return row["version_id"] if row else None


async def number_of(conn: Conn, version_id: UUID) -> str | None:
    """The number that a version bears."""
    row = await (await conn.execute("SELECT version FROM forms WHERE id = %s", (version_id,))).fetchone()
    return row["version"] if row else None


async def put_publication(conn: Conn, row: Mapping[str, Any]) -> None:
    """Publish a version to a scope, in place of the one before."""
    await conn.execute(
        "INSERT INTO form_publications (id, form_id, version_id, emergency_id, centre_id, published_by) VALUES (%(id)s,"
        " %(form_id)s, %(version_id)s, %(emergency_id)s, %(centre_id)s, %(by)s) ON CONFLICT ON CONSTRAINT"
        " uq_form_publications_form_id_emergency_id_centre_id DO UPDATE SET version_id = excluded.version_id,"
        " published_by = excluded.published_by, published_at = clock_timestamp()",
        row,
    )


async def take_back(conn: Conn, version_id: UUID, scope: Scope | None) -> int:
    """End publications of a version: the one to a scope, or all of them; how many there were."""
    done = await conn.execute(
        "DELETE FROM form_publications WHERE version_id = %(id)s AND (%(all)s OR (emergency_id IS NOT DISTINCT FROM"
        " %(emergency)s AND centre_id IS NOT DISTINCT FROM %(centre)s))",
        {
            "id": version_id,
            "all": scope is None,
            "emergency": scope.emergency_id if scope else None,
            "centre": scope.centre_id if scope else None,
        },
    )
    return done.rowcount


async def settle_states(conn: Conn, form_id: str, released: UUID | None) -> None:
    """Bring the versions' states up to their publications; `released` has left the draft for good."""
    await conn.execute(
        "UPDATE forms f SET state = p.state FROM (SELECT v.id, CASE WHEN EXISTS (SELECT 1 FROM form_publications p"
        " WHERE p.version_id = v.id) THEN 'published' ELSE 'archived' END AS state FROM forms v"
        " WHERE v.form_id = %(form)s AND (v.state <> 'draft' OR v.id = %(released)s)) p"
        " WHERE f.id = p.id AND f.state <> p.state",
        {"form": form_id, "released": released},
    )


async def published_for(
    conn: Conn, emergencies: Sequence[UUID], centres: Sequence[UUID], form_id: str | None = None
) -> list[DictRow]:
    """What phones of these emergencies and centres get: of each form the version published nearest to them."""
    found = await conn.execute(
        "SELECT DISTINCT ON (p.form_id) f.id, p.form_id, f.version, f.title, f.md5, f.files, f.public_key, f.state,"
        " p.published_at FROM form_publications p JOIN forms f ON f.id = p.version_id"
        " WHERE (p.emergency_id IS NULL OR p.emergency_id = ANY(%(emergencies)s))"
        " AND (p.centre_id IS NULL OR p.centre_id = ANY(%(centres)s))"
        " AND (%(form)s::text IS NULL OR p.form_id = %(form)s)"
        " ORDER BY p.form_id, p.centre_id IS NULL, p.emergency_id IS NULL, p.published_at DESC",
        {"emergencies": list(emergencies), "centres": list(centres), "form": form_id},
    )
    return await found.fetchall()


async def drafts(
    conn: Conn, emergencies: Sequence[UUID], centres: Sequence[UUID], form_id: str | None = None
) -> list[DictRow]:
    """The drafts of the house and of these emergencies and centres, the newest of each form."""
    found = await conn.execute(
        "SELECT DISTINCT ON (form_id) id, form_id, version, title, md5, files, public_key, state,"
        " created_at AS published_at FROM forms WHERE state = 'draft'"
        " AND (owner_emergency_id IS NULL OR owner_emergency_id = ANY(%(emergencies)s))"
        " AND (owner_centre_id IS NULL OR owner_centre_id = ANY(%(centres)s))"
        " AND (%(form)s::text IS NULL OR form_id = %(form)s) ORDER BY form_id, created_at DESC",
        {"form": form_id, "emergencies": list(emergencies), "centres": list(centres)},
    )
    return await found.fetchall()


async def xml_of(conn: Conn, form_id: str, version: str, *, draft: bool) -> DictRow | None:
    """XML and MD5 of a version that was ever published, or (`draft`) of a draft."""
    found = await conn.execute(
        "SELECT id, xml, md5, files FROM forms WHERE form_id = %s AND version = %s AND (state = 'draft') = %s",
        (form_id, version, draft),
    )
    return await found.fetchone()


@dataclass(frozen=True, slots=True)
class Within:
    """What a reader may see: (emergency, centre) bounds of reading and, for drafts, of publishing; None: all."""

    read: Sequence[tuple[UUID | None, UUID | None]] | None = None
    publish: Sequence[tuple[UUID | None, UUID | None]] | None = None


_EVERYTHING = Within()


async def versions(
    conn: Conn,
    state: str | None,
    form_id: str | None,
    limit: int,
    after: UUID | None,
    within: Within = _EVERYTHING,
) -> list[DictRow]:
    """Versions, newest first, with what came of each and where it is published."""
    read, drafted = (pairs if pairs is not None else [(None, None)] for pairs in (within.read, within.publish))
    found = await conn.execute(
        "SELECT f.id, f.form_id, f.version, f.title, f.state, f.kind, f.file_type, f.md5, f.files, f.created_at,"
        " f.public_key IS NOT NULL AS encrypted, f.entities, jsonb_array_length(f.warnings) AS warnings,"
        " coalesce((SELECT jsonb_agg(jsonb_build_object('emergency', p.emergency_id, 'centre', p.centre_id, 'at',"
        " p.published_at)) FROM form_publications p WHERE p.version_id = f.id), '[]') AS published,"
        " coalesce((SELECT array_agg(m.name ORDER BY m.name) FROM form_media m WHERE m.version_id = f.id), '{}')"
        " AS media,"
        " s.last AS last_submission FROM forms f LEFT JOIN LATERAL (SELECT received_at AS last FROM submissions s"
        " WHERE s.form_id = f.form_id ORDER BY s.seq DESC LIMIT 1) s ON true"
        " WHERE (%(state)s::text IS NULL OR f.state = %(state)s) AND (%(form)s::text IS NULL OR f.form_id = %(form)s)"
        " AND (%(after)s::uuid IS NULL OR f.id < %(after)s)"
        " AND CASE WHEN f.state = 'draft' THEN EXISTS (SELECT 1 FROM unnest(%(draft_emergencies)s::uuid[],"
        " %(draft_centres)s::uuid[]) AS b (emergency, centre)"
        " WHERE (b.emergency IS NULL OR f.owner_emergency_id IS NULL OR b.emergency = f.owner_emergency_id)"
        " AND (b.centre IS NULL OR f.owner_centre_id IS NULL OR b.centre = f.owner_centre_id))"
        " ELSE NOT EXISTS (SELECT 1 FROM form_publications p WHERE p.form_id = f.form_id) OR EXISTS (SELECT 1"
        " FROM form_publications p, unnest(%(emergencies)s::uuid[], %(centres)s::uuid[]) AS b (emergency, centre)"
        " WHERE p.form_id = f.form_id"
        " AND (b.emergency IS NULL OR p.emergency_id IS NULL OR b.emergency = p.emergency_id)"
        " AND (b.centre IS NULL OR p.centre_id IS NULL OR b.centre = p.centre_id)) END"
        " ORDER BY f.id DESC LIMIT %(limit)s",
        {
            "state": state,
            "form": form_id,
            "after": after,
            "limit": limit,
            "emergencies": [emergency for emergency, _ in read],
            "centres": [centre for _, centre in read],
            "draft_emergencies": [emergency for emergency, _ in drafted],
            "draft_centres": [centre for _, centre in drafted],
        },
    )
    return await found.fetchall()


COUNTED = 10_000
"""How far submissions of one form are counted for a list; beyond it the list says "more than"."""


async def counts(conn: Conn, form_ids: Sequence[str]) -> dict[str, int]:
    """Submissions by form, each counted up to `COUNTED`."""
    found = await conn.execute(
        "SELECT k.form_id, (SELECT count(*) FROM (SELECT 1 FROM submissions s WHERE s.form_id = k.form_id LIMIT %s) x)"
        " AS n FROM unnest(%s::text[]) AS k (form_id)",
        (COUNTED, list(set(form_ids))),
    )
    return {row["form_id"]: row["n"] for row in await found.fetchall()}


async def whole(conn: Conn, version_id: UUID) -> DictRow | None:
    """One version with all that it ties, its workbook left out."""
    found = await conn.execute(
        "SELECT id, form_id, version, title, state, kind, file_type, md5, files, uploads, entities, bindings, warnings,"
        " public_key, created_at, created_by, source IS NOT NULL AS has_source FROM forms"
        " WHERE id = %s",
        (version_id,),
    )
    return await found.fetchone()


async def source_of(conn: Conn, version_id: UUID) -> DictRow | None:
    """The file that a version was made from."""
    found = await conn.execute(
        "SELECT coalesce(source, xml) AS source, file_type, form_id FROM forms WHERE id = %s", (version_id,)
    )
    return await found.fetchone()


async def media_of(conn: Conn, version_id: UUID) -> list[DictRow]:
    """The files that a version brings, without their bytes."""
    found = await conn.execute(
        "SELECT id, name, content_type, md5, size FROM form_media WHERE version_id = %s ORDER BY name", (version_id,)
    )
    return await found.fetchall()


async def files_of(conn: Conn, version_id: UUID) -> DictRow | None:
    """Which files a version names."""
    found = await conn.execute("SELECT id, form_id, state, files FROM forms WHERE id = %s", (version_id,))
    return await found.fetchone()


async def elsewhere(conn: Conn, form_id: str, bounds: Sequence[tuple[UUID | None, UUID | None]]) -> bool:
    """Whether a form is published now, and nowhere within these (emergency, centre); None of either is all of them."""
    found = await conn.execute(
        "SELECT 1 FROM form_publications WHERE form_id = %(form)s HAVING count(*) > 0 AND NOT bool_or(EXISTS (SELECT 1"
        " FROM unnest(%(emergencies)s::uuid[], %(centres)s::uuid[]) AS b (emergency, centre)"
        " WHERE (b.emergency IS NULL OR emergency_id IS NULL OR b.emergency = emergency_id)"
        " AND (b.centre IS NULL OR centre_id IS NULL OR b.centre = centre_id)))",
        {"form": form_id, "emergencies": [e for e, _ in bounds], "centres": [c for _, c in bounds]},
    )
    return await found.fetchone() is not None


async def media_file(conn: Conn, version_id: UUID, name: str) -> DictRow | None:
    """One of them, with its bytes."""
    found = await conn.execute(
        "SELECT name, content_type, md5, size, content FROM form_media WHERE version_id = %s AND name = %s",
        (version_id, name),
    )
    return await found.fetchone()


async def put_media(conn: Conn, row: Mapping[str, Any]) -> None:
    """Give a version a file, in place of one of the same name."""
    await conn.execute(
        "INSERT INTO form_media (id, version_id, name, content_type, md5, size, content) VALUES (%(id)s,"
        " %(version_id)s, %(name)s, %(content_type)s, %(md5)s, %(size)s, %(content)s)"
        " ON CONFLICT ON CONSTRAINT uq_form_media_version_id_name DO UPDATE SET content_type = excluded.content_type,"
        " md5 = excluded.md5, size = excluded.size, content = excluded.content",
        row,
    )


async def datasets(conn: Conn, names: Sequence[str]) -> set[str]:
    """Those of the names that are lists of entities, or will be as soon as somebody fills in a form."""
    found = await conn.execute(
        "SELECT n FROM unnest(%s::text[]) AS n WHERE EXISTS (SELECT 1 FROM entity_lists e WHERE e.name = n) OR EXISTS"
        " (SELECT 1 FROM forms f"
        " WHERE f.entities->'declarations' @> jsonb_build_array(jsonb_build_object('dataset', n)))",
        (list(names),),
    )
    return {row["n"] for row in await found.fetchall()}
