"""All SQL of gateways and their beats."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from server.kernel.db import Conn

_COLUMNS: Final = (
    "g.id, g.kind, g.name, g.enabled, g.emergency_id, g.token_id, g.path_hash, g.allow_from, g.settings,"
    " g.secrets_sealed, g.data_key_wrapped, g.sends, g.send_order, g.daily_segments, g.beat_s, g.version, g.created_at"
)
_BEATS: Final = (
    "b.last_in_at, b.last_out_at, b.last_beat_at, b.trouble,"
    " EXTRACT(epoch FROM clock_timestamp() - greatest(b.last_in_at, b.last_beat_at, g.created_at))::float8 AS quiet_s"
)
_CHANGEABLE: Final = (
    "name",
    "enabled",
    "emergency_id",
    "token_id",
    "path_hash",
    "allow_from",
    "settings",
    "secrets_sealed",
    "sends",
    "send_order",
    "daily_segments",
    "beat_s",
)


async def all_gateways(conn: Conn) -> list[DictRow]:
    """Every gateway, in the order in which they send."""
    return await (
        await conn.execute("SELECT " + _COLUMNS + " FROM gateways g ORDER BY g.send_order, g.created_at, g.id")  # noqa: S608 - constants alone
    ).fetchall()


async def with_beats(conn: Conn) -> list[DictRow]:
    """Every gateway with when it was last heard; `quiet_s`: seconds since it said anything at all."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + ", " + _BEATS + " FROM gateways g LEFT JOIN gateway_beats b ON b.gateway_id = g.id"  # noqa: S608 - constants alone
            " ORDER BY g.send_order, g.created_at, g.id"
        )
    ).fetchall()


async def one(conn: Conn, gateway_id: UUID, *, lock: bool = False) -> DictRow | None:
    """One gateway."""
    return await (
        await conn.execute(
            "SELECT " + _COLUMNS + " FROM gateways g WHERE g.id = %s" + (" FOR UPDATE" if lock else ""),  # noqa: S608 - constants alone
            (gateway_id,),
        )
    ).fetchone()


async def add(conn: Conn, row: Mapping[str, Any]) -> None:
    """Insert a gateway; a taken name breaks uq_gateways_name."""
    await conn.execute(
        "INSERT INTO gateways (id, kind, name, emergency_id, token_id, path_hash, allow_from, settings, secrets_sealed,"
        " sends, send_order, daily_segments, beat_s, sealing_key_id, data_key_wrapped) VALUES"
        " (%(id)s, %(kind)s, %(name)s, %(emergency_id)s, %(token_id)s, %(path_hash)s, %(allow_from)s, %(settings)s,"
        " %(secrets_sealed)s, %(sends)s, %(send_order)s, %(daily_segments)s, %(beat_s)s, %(sealing_key_id)s,"
        " %(data_key_wrapped)s)",
        {**row, "allow_from": list(row["allow_from"]), "settings": Jsonb(dict(row["settings"]))},
    )


async def change(conn: Conn, gateway_id: UUID, columns: Mapping[str, Any]) -> None:
    """Set some columns; what is not among `_CHANGEABLE` is a mistake in the code: KeyError."""
    if unknown := set(columns) - set(_CHANGEABLE):
        raise KeyError(*unknown)
    if not columns:
        return
    values = {name: Jsonb(value) if name == "settings" else value for name, value in columns.items()}
    await conn.execute(
        "UPDATE gateways SET " + ", ".join(f"{name} = %({name})s" for name in values) + " WHERE id = %(id)s",  # noqa: S608 - names of this file
        {**values, "id": gateway_id},
    )


async def put_beats(
    conn: Conn, rows: Sequence[tuple[UUID, float | None, float | None, float | None, str | None]]
) -> None:
    """Move beats forward: gateway, seconds since it was last heard (in, out, beat; None: not), trouble.

    A trouble bears the way it came (`in.signature`): a beat of the same way ends it. None: no new trouble.
    Ages, not times: the clock is the database's. Gateways that are gone are passed over.
    """
    await conn.execute(
        """
        INSERT INTO gateway_beats AS b (gateway_id, last_in_at, last_out_at, last_beat_at, trouble)
        SELECT v.id, clock_timestamp() - make_interval(secs => v.i), clock_timestamp() - make_interval(secs => v.o),
          clock_timestamp() - make_interval(secs => v.b), v.trouble
        FROM unnest(%s::uuid[], %s::float8[], %s::float8[], %s::float8[], %s::text[]) AS v(id, i, o, b, trouble)
        JOIN gateways g ON g.id = v.id ORDER BY v.id
        ON CONFLICT (gateway_id) DO UPDATE SET
          last_in_at = greatest(b.last_in_at, excluded.last_in_at),
          last_out_at = greatest(b.last_out_at, excluded.last_out_at),
          last_beat_at = greatest(b.last_beat_at, excluded.last_beat_at),
          trouble = CASE WHEN excluded.trouble IS NOT NULL THEN excluded.trouble
            WHEN excluded.last_in_at IS NOT NULL AND b.trouble LIKE 'in.%%' THEN NULL
            WHEN excluded.last_out_at IS NOT NULL AND b.trouble LIKE 'out.%%' THEN NULL
            WHEN excluded.last_beat_at IS NOT NULL AND b.trouble LIKE 'beat.%%' THEN NULL
            ELSE b.trouble END
        """,
        tuple([row[i] for row in rows] for i in range(5)),
    )
