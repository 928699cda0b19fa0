"""Migration 0008, up and down on data."""

import psycopg

from ops.migrate import downgrade, upgrade


def test_up_and_down_with_a_need_in_the_table(empty_dsn: str) -> None:
    upgrade(empty_dsn, "0008")
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO emergencies (id, code, name_fa, name_en, kind)"
            " VALUES (gen_random_uuid(), 'E-1', 'سیل', 'Flood', 'flood')"
        )
        conn.execute(
            "INSERT INTO needs (id, code, emergency_id, category, priority)"
            " SELECT gen_random_uuid(), 'N-1', id, 'water', 10 FROM emergencies"
        )
        conn.execute("UPDATE needs SET priority = 20, priority_why = '[{}]'")
        assert conn.execute("SELECT version FROM needs").fetchone() == (1,)
        conn.execute("UPDATE needs SET priority = 30, people = 4")
        assert conn.execute("SELECT version FROM needs").fetchone() == (2,)
    downgrade(empty_dsn, "0007")
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        assert conn.execute("SELECT people, version FROM needs").fetchone() == (4, 2)
        conn.execute("UPDATE needs SET priority = 40")
        assert conn.execute("SELECT version FROM needs").fetchone() == (3,)
    upgrade(empty_dsn, "0008")
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        assert conn.execute("SELECT decided FROM needs").fetchone() == ([],)
