"""The database as the last word: migrations up and down on data, and the guards in it."""

import uuid

import psycopg
import pytest
from alembic import command

from ops.migrate import config, downgrade, upgrade

EMERGENCY = uuid.uuid4()
HASH = b"h" * 32


def _emergency(conn: psycopg.Connection) -> None:
    conn.execute(
        "INSERT INTO emergencies (id, code, name_fa, name_en, kind) VALUES (%s, 'e1', 'سیل', 'flood', 'flood')",
        (EMERGENCY,),
    )


def _report(conn: psycopg.Connection, emergency: uuid.UUID | None = None) -> uuid.UUID:
    report = uuid.uuid4()
    conn.execute(
        "INSERT INTO reports (id, receipt, channel, source, source_key, body_hash, body_sealed, emergency_id)"
        " VALUES (%s, %s, 'sms', 's', %s, %s, 'x', %s)",
        (report, str(report)[:8], str(report), HASH, emergency),
    )
    return report


def test_migrations_go_up_and_down_on_data(empty_dsn: str) -> None:
    upgrade(empty_dsn)
    with psycopg.connect(empty_dsn) as conn:
        _emergency(conn)
        _report(conn, EMERGENCY)
        conn.execute(
            "INSERT INTO centres (id, code, name_fa, name_en, geom) VALUES"
            " (gen_random_uuid(), 'c', 'م', 'c', ST_SetSRID(ST_MakePoint(48, 33), 4326))"
        )
    downgrade(empty_dsn)
    with psycopg.connect(empty_dsn) as conn:
        left = {
            row[0] for row in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        }
        functions = conn.execute(
            "SELECT count(*) FROM pg_proc WHERE proname LIKE 'procrastinate%' OR proname LIKE 'keep\\_%'"
        ).fetchone()
    assert left <= {"alembic_version", "spatial_ref_sys"}
    assert functions == (0,)
    upgrade(empty_dsn)


def test_models_and_migrations_agree(db_dsn: str) -> None:
    command.check(config(db_dsn))


def test_every_geometry_has_srid_4326_and_gist(db_dsn: str) -> None:
    with psycopg.connect(db_dsn) as conn:
        columns = conn.execute("SELECT f_table_name, f_geometry_column, srid FROM geometry_columns").fetchall()
        indexed = {
            tuple(row)
            for row in conn.execute(
                "SELECT t.relname, a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
                " JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam AND m.amname = 'gist'"
                " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey)"
            ).fetchall()
        }
    assert len(columns) >= 9
    for table, column, srid in columns:
        assert srid == 4326, table
        assert (table, column) in indexed


@pytest.mark.parametrize(("lon", "lat"), [(51, 95), (181, 0), (-180.1, 0), (0, -91)])
def test_impossible_coordinates_never_enter(db_dsn: str, lon: float, lat: float) -> None:
    with psycopg.connect(db_dsn) as conn, pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(
            "INSERT INTO centres (id, code, name_fa, name_en, geom) VALUES"
            " (gen_random_uuid(), 'c', 'م', 'c', ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            (lon, lat),
        )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reports SET body_sealed = 'y'",
        "UPDATE reports SET receipt = 'z'",
        "UPDATE reports SET received_at = now()",
        "UPDATE reports SET emergency_id = NULL",
        "DELETE FROM reports",
    ],
)
def test_a_report_is_unchangeable(db_dsn: str, change: str) -> None:
    with psycopg.connect(db_dsn) as conn:
        _emergency(conn)
        _report(conn, EMERGENCY)
        conn.execute("UPDATE reports SET read_state = 'read', read_at = now()")
        with pytest.raises(psycopg.errors.RestrictViolation):
            conn.execute(change)


def test_a_report_in_triage_is_given_to_an_emergency_once(db_dsn: str) -> None:
    with psycopg.connect(db_dsn) as conn:
        _emergency(conn)
        _report(conn)
        conn.execute("UPDATE reports SET emergency_id = %s", (EMERGENCY,))
        assert conn.execute("SELECT emergency_id FROM reports").fetchone() == (EMERGENCY,)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM events",
        "UPDATE events SET actor = 'x'",
        "TRUNCATE events",
        "TRUNCATE movements CASCADE",
        "TRUNCATE entries",
    ],
)
def test_append_only_tables(db_dsn: str, change: str) -> None:
    with psycopg.connect(db_dsn) as conn:
        conn.execute(
            "INSERT INTO events (seq, at, verb, subject_type, subject_id, actor, data, hash) VALUES"
            " (1, now(), 'need.created', 'need', gen_random_uuid(), 'system', '{}', %s)",
            (HASH,),
        )
        with pytest.raises(psycopg.errors.RestrictViolation):
            conn.execute(change)


def test_an_unbalanced_movement_does_not_commit(db_dsn: str) -> None:
    ids = [uuid.uuid4() for _ in range(3)]
    with psycopg.connect(db_dsn) as conn:
        conn.execute(
            "INSERT INTO items (id, code, name_fa, name_en, category, unit) VALUES (%s, 'tent', 'چادر', 'tent',"
            " 'shelter', 'piece')",
            (ids[0],),
        )
        conn.execute("INSERT INTO stock_accounts (id, kind) VALUES (%s, 'outside')", (ids[1],))
        conn.execute(
            "INSERT INTO movements (id, code, kind, natural_key, actor) VALUES (%s, 'M-1', 'receipt', 'k', 't')",
            (ids[2],),
        )
        conn.execute(
            "INSERT INTO entries (movement_id, account_id, item_id, quantity) VALUES (%s, %s, %s, -5)",
            (ids[2], ids[1], ids[0]),
        )
        with pytest.raises(psycopg.errors.CheckViolation, match="does not balance"):
            conn.commit()


def test_one_live_lease_a_task_and_no_second_open_task_a_need(db_dsn: str) -> None:
    with psycopg.connect(db_dsn) as conn:
        names = [
            row[0]
            for row in conn.execute(
                "SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indpred IS NOT NULL"
            ).fetchall()
        ]
    assert {
        "uq_leases_live",
        "uq_tasks_open_need_kind",
        "uq_readings_current",
        "uq_report_links_live",
    } <= set(names)
