"""One world that lasts: a connection, a centre for each example, and calls one transaction each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from server.access.context import Context
from server.access.principal import Principal, Scope
from server.dispatch import offer_presence
from server.kernel.db import Conn, Connection, Database
from server.kernel.errors import Problem
from server.kernel.ids import new_code, uuid7
from tests.support.dispatch_model import TEAM, WOMEN, Task

STAFF = Principal("token", uuid7(), (Scope("dispatcher"),))


class OneConnection(Database):
    """A database behind one connection: no pool to ask, no check before each transaction."""

    def __init__(self, dsn: str, conn: Conn) -> None:
        super().__init__(dsn)
        self.conn = conn

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[Conn]:
        async with self.conn.transaction():
            yield self.conn


@dataclass
class House:
    """`people` are four, two of them women, two in a team: made anew for each example, with their centre and queue."""

    ctx: Context
    conn: Conn
    emergency: UUID
    centre: UUID = field(default_factory=uuid7)
    queue: UUID = field(default_factory=uuid7)
    team: UUID = field(default_factory=uuid7)
    people: list[UUID] = field(default_factory=list)
    made: int = 0

    async def begin(self) -> None:
        """A new centre, queue, team and people; what the last example left is put away."""
        await self.put_away()
        self.centre, self.queue, self.team = uuid7(), uuid7(), uuid7()
        self.people, self.made = [uuid7() for _ in WOMEN], 0
        code = new_code(8)
        async with self.conn.transaction():
            for sql, params in (
                (
                    (
                        "INSERT INTO centres (id, code, name_fa, name_en, geom) VALUES (%s, %s, 'مرکز', 'Centre',"
                        " ST_SetSRID(ST_MakePoint(48.36, 33.49), 4326))"
                    ),
                    (self.centre, code),
                ),
                (
                    "INSERT INTO queues (id, emergency_id, centre_id, kind) VALUES (%s, %s, %s, 'rescue')",
                    (self.queue, self.emergency, self.centre),
                ),
                (
                    (
                        "INSERT INTO volunteers (id, code, centre_id, gender) SELECT i, c, %s, g FROM"
                        " unnest(%s::uuid[], %s::text[], %s::text[]) AS x(i, c, g)"
                    ),
                    (
                        self.centre,
                        self.people,
                        [f"V-{code}{n}" for n in range(len(WOMEN))],
                        ["woman" if woman else "man" for woman in WOMEN],
                    ),
                ),
                (
                    "INSERT INTO teams (id, code, centre_id, leader_id, made_by) VALUES (%s, %s, %s, %s, 'test')",
                    (self.team, f"G-{code}", self.centre, self.people[TEAM[0]]),
                ),
                (
                    "INSERT INTO team_members (team_id, volunteer_id) SELECT %s, unnest(%s::uuid[])",
                    (self.team, [self.people[p] for p in TEAM]),
                ),
            ):
                await self.conn.execute(sql, params)
        for person in self.people:
            await offer_presence.seen(self.ctx, person)

    async def put_away(self) -> None:
        """End what is open, so that watches do not go over it again."""
        async with self.conn.transaction():
            # Else its people would be asked, as those of the centre nearest by.
            await self.conn.execute("UPDATE centres SET active = false WHERE id = %s", (self.centre,))
            await self.conn.execute(
                "WITH t AS (UPDATE tasks SET state = 'cancelled', lease_until = NULL WHERE queue_id = %(queue)s"
                " AND state NOT IN ('done', 'failed', 'cancelled') RETURNING id), l AS (UPDATE leases SET ended_at ="
                " clock_timestamp(), end_reason = 'cancelled' FROM t WHERE task_id = t.id AND ended_at IS NULL)"
                " UPDATE offers o SET answer = 'withdrawn', answered_at = clock_timestamp() FROM tasks q"
                " WHERE q.queue_id = %(queue)s AND o.task_id = q.id AND o.answered_at IS NULL",
                {"queue": self.queue},
            )

    async def task(self, *, women: bool, crew: int) -> Task:
        """A queued task behind those that are there."""
        self.made += 1
        task, need = uuid7(), uuid7()
        await self.conn.execute(
            "WITH n AS (INSERT INTO needs (id, code, emergency_id, category, status) VALUES (%(need)s, %(need_code)s,"
            " %(emergency)s, 'search_rescue', 'tasked')) INSERT INTO tasks (id, code, emergency_id, queue_id, kind,"
            " need_id, priority, women_required, crew_min, women_min) VALUES (%(task)s, %(code)s, %(emergency)s,"
            " %(queue)s, 'rescue', %(need)s, %(priority)s, %(women)s, %(crew)s, %(women_min)s)",
            {
                "need": need,
                "need_code": new_code(9, "N-"),
                "emergency": self.emergency,
                "task": task,
                "code": new_code(9, "T-"),
                "queue": self.queue,
                "priority": 1000.0 - self.made,
                "women": women and crew == 1,
                "crew": crew,
                "women_min": int(women and crew > 1),
            },
        )
        return Task(task, women, crew)

    async def call(self, work: Callable[[Conn], Awaitable[Any]]) -> tuple[Any, str | None]:
        """One call in one transaction, as a route makes it: (what it gave, the code of its problem)."""
        try:
            async with self.conn.transaction():
                done = await work(self.conn)
        except Problem as raised:
            return None, raised.code
        problem = getattr(done, "problem", None)
        return done, problem.code if problem else None

    def principal(self, person: int) -> Principal:
        return Principal("token", uuid7(), (Scope("volunteer", None, None, self.people[person]),))

    async def stands(self, tasks: list[UUID]) -> list[tuple[Any, ...]]:
        """(kind, id, state or answer, fence, holder, team, live leases) of the example's tasks and offers."""
        cursor = await self.conn.execute(
            "SELECT 't' AS k, t.id, t.state AS s, t.fence AS f, t.holder_id AS h, t.team_id AS g,"
            " (SELECT count(*) FROM leases l WHERE l.task_id = t.id AND l.ended_at IS NULL AND l.fence = t.fence"
            " AND l.volunteer_id = t.holder_id) + 10 * (SELECT count(*) FROM leases l WHERE l.task_id = t.id AND"
            " l.ended_at IS NULL) AS n FROM tasks t WHERE t.id = ANY(%(tasks)s) UNION ALL"
            " SELECT 'o', o.id, o.answer, NULL, NULL, NULL, 0 FROM offers o WHERE o.task_id = ANY(%(tasks)s)",
            {"tasks": tasks},
        )
        return [tuple(row.values()) for row in await cursor.fetchall()]

    async def offers(self, tasks: list[UUID]) -> list[dict[str, Any]]:
        """The example's offers."""
        cursor = await self.conn.execute(
            "SELECT id, task_id, volunteer_id, team_id FROM offers WHERE task_id = ANY(%s)", (tasks,)
        )
        return await cursor.fetchall()

    async def history(
        self, tasks: list[UUID]
    ) -> tuple[dict[tuple[UUID, int], tuple[UUID, str | None]], set[tuple[UUID, int, str, bool]]]:
        """({(task, fence): (who, how it ended)}, {(task, fence, verb, late)}): leases, and what was kept of endings."""
        leases = await self.conn.execute(
            "SELECT task_id, fence, volunteer_id, end_reason FROM leases WHERE task_id = ANY(%s)", (tasks,)
        )
        kept = await self.conn.execute(
            "SELECT task_id, fence, verb, late FROM evidence WHERE task_id = ANY(%s)", (tasks,)
        )
        return (
            {(r["task_id"], r["fence"]): (r["volunteer_id"], r["end_reason"]) for r in await leases.fetchall()},
            {(r["task_id"], r["fence"], r["verb"], r["late"]) for r in await kept.fetchall()},
        )


async def open_house(ctx: Context, dsn: str, emergency: UUID) -> House:
    """One connection for all that follows; `close` it by `house.conn.close()`."""
    conn: Conn = await Connection.connect(dsn, autocommit=True, row_factory=dict_row)
    conn.prepare_threshold = 2
    assert isinstance(conn, psycopg.AsyncConnection)
    return House(replace(ctx, db=OneConnection(dsn, conn)), conn, emergency)
