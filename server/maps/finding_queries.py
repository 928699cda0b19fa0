"""SQL that finds records by the beginning of their code: each walks the unique index of codes."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from psycopg.rows import DictRow

from server.kernel.db import Conn

_TABLES: Mapping[str, tuple[str, str]] = {
    "needs": ("needs", "code"),
    "incidents": ("incidents", "code"),
    "tasks": ("tasks", "code"),
    "closures": ("closures", "code"),
    "movements": ("movements", "code"),
    "hazards": ("hazards", "code"),
    "reports": ("reports", "receipt"),
}
_BY_CODE = """
SELECT r.id, r.{code} AS code, f.category, f.status, f.lon, f.lat, f.props->'place'->>'fa' AS name_fa,
  f.props->'place'->>'en' AS name_en
FROM {table} r LEFT JOIN map_features f ON f.layer = %(layer)s AND f.id = r.id
WHERE r.{code} >= %(begins)s AND r.{code} < %(ends)s
  AND (%(within)s::uuid[] IS NULL OR r.emergency_id = ANY(%(within)s))
ORDER BY r.{code} LIMIT %(most)s"""
_LAST = "~"
"""Comes after every sign of a code in the byte order of the database's collation."""


async def by_code(conn: Conn, layer: str, begins: str, within: Sequence[UUID] | None, most: int) -> Sequence[DictRow]:
    """Records of a layer whose code begins so, those without a place on the map too."""
    table, code = _TABLES[layer]
    asked = {"layer": layer, "begins": begins, "ends": begins + _LAST, "within": within, "most": most}
    return await (await conn.execute(_BY_CODE.format(table=table, code=code), asked)).fetchall()


_NAMED: Mapping[str, str] = {
    "centres": "SELECT id, code, NULL AS category, CASE WHEN active THEN 'active' ELSE 'inactive' END AS status,"
    " name_fa, name_en, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM centres ORDER BY active DESC, code LIMIT 1000",
    "shelters": "SELECT id, code, NULL AS category, state AS status, name_fa, name_en, ST_X(geom) AS lon,"
    " ST_Y(geom) AS lat FROM shelters WHERE (name_fa IS NOT NULL OR name_en IS NOT NULL)"
    " AND (%(within)s::uuid[] IS NULL OR emergency_id = ANY(%(within)s)) ORDER BY code LIMIT 2000",
}


async def named(conn: Conn, layer: str, within: Sequence[UUID] | None) -> Sequence[DictRow]:
    """Centres, or shelters that have a name all may read; there are some hundreds of them."""
    return await (await conn.execute(_NAMED[layer], {"within": within})).fetchall()
