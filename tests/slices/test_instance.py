"""The instance: what `hamyar up`, `down`, `status` and `doctor` promise."""

import psycopg
import redis


def test_each_test_gets_a_database_of_its_own(db_dsn: str) -> None:
    with psycopg.connect(db_dsn) as server:
        row = server.execute(
            "SELECT current_user, current_database(), PostGIS_Lib_Version(), pgr_version()"
        ).fetchone()
    assert row is not None
    assert row[0] == "hamyar"
    assert row[1].startswith("test_")


def test_redis_starts_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
