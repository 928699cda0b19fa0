"""A database that a test used, put back as the template has it: making one anew costs several times as much.

What a test may leave: rows, called sequences, open connections. They are taken away. A test that leaves more, a
table, an index, many rows, statistics, or a change to what the template holds, has its database dropped.
"""

from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg import Connection, sql

MOST_ROWS = 3000
"""More would stay as dead rows in the pages that the next test reads."""

SHAPE = (
    "SELECT (SELECT count(*) FROM pg_class), (SELECT max(oid::bigint) FROM pg_class), (SELECT count(*) FROM pg_proc),"
    " (SELECT max(xmin::text::bigint) FROM pg_proc), (SELECT max(xmin::text::bigint) FROM pg_trigger),"
    " (SELECT count(*) FROM pg_trigger), (SELECT max(xmin::text::bigint) FROM pg_attribute),"
    " (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_statistic),"
    " (SELECT count(*) FROM pg_db_role_setting)"
)
TABLES = (
    "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relname <> 'spatial_ref_sys'"
    " ORDER BY 1"
)
SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences ORDER BY 1"


@dataclass(frozen=True)
class Template:
    """What a fresh database holds: the schema's shape, its tables, (rows, newest writer) of those that have any, and
    the last values of sequences.
    """

    shape: tuple[int, ...]
    tables: list[str]
    rows: dict[str, tuple[int, int]]
    sequences: dict[str, int | None]


def _rows(conn: Connection, tables: list[str]) -> dict[str, tuple[int, int]]:
    """{table: (rows, the newest writing transaction)} of those that have any."""
    one = "SELECT {name}, count(*), coalesce(max(xmin::text::bigint), 0) FROM {table}"
    parts = [sql.SQL(one).format(name=sql.Literal(t), table=sql.SQL(cast("LiteralString", t))) for t in tables]
    found = conn.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
    return {name: (n, writer) for name, n, writer in found if n}


def look(dsn: str) -> Template:
    """At a database that nobody used yet."""
    with psycopg.connect(dsn) as conn:
        shape = conn.execute(SHAPE).fetchone()
        assert shape is not None
        tables = [row[0] for row in conn.execute(TABLES)]
        return Template(shape, tables, _rows(conn, tables), dict(conn.execute(SEQUENCES).fetchall()))


def put_back(dsn: str, template: Template) -> bool:
    """Take away what a test left; False where that cannot be done. `dsn` is a superuser's: triggers do not fire."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        if conn.execute(SHAPE).fetchone() != template.shape:
            return False
        rows = _rows(conn, template.tables)
        changed = {t: found for t, found in rows.items() if template.rows.get(t) != found}
        if set(template.rows) & set(changed) or set(template.rows) - set(rows):
            return False
        if sum(n for n, _ in changed.values()) > MOST_ROWS:
            return False
        conn.execute("SET session_replication_role = replica")
        for table in changed:
            conn.execute(sql.SQL("DELETE FROM {}").format(sql.SQL(cast("LiteralString", table))))
        for name, last in conn.execute(SEQUENCES).fetchall():
            if last != template.sequences[name]:
                before = template.sequences[name]
                conn.execute("SELECT setval(%s, %s, %s)", (name, before or 1, before is not None))
    return True
