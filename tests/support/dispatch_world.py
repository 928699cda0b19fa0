"""A small world for the tests of dispatch: an emergency, centres, volunteers, needs, tasks, tokens, an app."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import APIRouter, FastAPI

from server.access.context import Context, make_context
from server.access.queries import add_token
from server.access.secrets import new_secret, secret_hash
from server.kernel.http import install_problem_handlers
from server.kernel.ids import new_code, uuid7
from server.kernel.settings import Settings

KHORRAMABAD = (48.3558, 33.4878)
POLDOKHTAR = (47.7147, 33.1531)


@dataclass
class World:
    """Ids of what was made; `ctx` is the process's services."""

    ctx: Context
    emergency: UUID
    centres: list[UUID]
    queues: list[UUID] = field(default_factory=list)

    async def run(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        async with self.ctx.db.tx() as conn:
            cursor = await conn.execute(sql, params)
            return await cursor.fetchall() if cursor.description else []

    async def one(self, sql: str, *params: Any) -> Any:
        (row,) = await self.run(sql, *params)
        return next(iter(row.values())) if len(row) == 1 else row

    async def volunteers(self, n: int, *, gender: str | None = None, centre: int = 0) -> list[UUID]:
        ids = [uuid7() for _ in range(n)]
        await self.run(
            "INSERT INTO volunteers (id, code, centre_id, gender) SELECT i, c, %s, %s FROM"
            " unnest(%s::uuid[], %s::text[]) AS g(i, c)",
            self.centres[centre],
            gender,
            ids,
            [new_code(8, "V-") for _ in ids],
        )
        return ids

    async def need(self, category: str = "water", at: Sequence[float] | None = KHORRAMABAD, **columns: Any) -> UUID:
        row = {
            "id": uuid7(),
            "code": new_code(8, "N-"),
            "emergency_id": self.emergency,
            "category": category,
            "priority": 10.0,
            **columns,
        }
        names = ", ".join(row)
        point = "ST_SetSRID(ST_MakePoint(%s, %s), 4326)" if at else "NULL"
        await self.run(
            f"INSERT INTO needs ({names}, geom_shown) VALUES ({', '.join(['%s'] * len(row))}, {point})",
            *row.values(),
            *(at or ()),
        )
        return row["id"]

    async def tasks(self, n: int, *, kind: str = "rescue", queue: UUID | None = None, **columns: Any) -> list[UUID]:
        """`n` queued tasks in a queue, one need each, priorities falling from the first to the last."""
        queue = queue or await self.queue(kind)
        needs, ids = [uuid7() for _ in range(n)], [uuid7() for _ in range(n)]
        await self.run(
            "INSERT INTO needs (id, code, emergency_id, category, status) SELECT i, c, %s,"
            " 'search_rescue', 'tasked'"
            " FROM unnest(%s::uuid[], %s::text[]) AS g(i,"
            " c)",
            self.emergency,
            needs,
            [new_code(9, "N-") for _ in ids],
        )
        extra = "".join(f", {name}" for name in columns)
        await self.run(
            f"INSERT INTO tasks (id, code, emergency_id, queue_id, kind, need_id, priority{extra})"
            " SELECT i, c, %s, %s,"
            f" %s, n, p{', %s' * len(columns)} FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::float8[])"
            " AS g(i, c, n, p)",
            self.emergency,
            queue,
            kind,
            *columns.values(),
            ids,
            [new_code(9, "T-") for _ in ids],
            needs,
            [float(n - k) for k in range(n)],
        )
        return ids

    async def queue(self, kind: str = "rescue", centre: int = 0) -> UUID:
        return await self.one(
            "INSERT INTO queues (id, emergency_id, centre_id, kind) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (emergency_id, centre_id, kind) DO UPDATE SET kind = excluded.kind RETURNING id",
            uuid7(),
            self.emergency,
            self.centres[centre],
            kind,
        )

    async def token(self, role: str, *, volunteer: UUID | None = None, centre: UUID | None = None) -> dict[str, str]:
        """The Authorization header of a new token."""
        secret = new_secret()
        async with self.ctx.db.tx() as conn:
            await add_token(
                conn,
                {
                    "id": uuid7(),
                    "hash": secret_hash(secret),
                    "role": role,
                    "name": role,
                    "centre_id": centre,
                    "emergency_id": None,
                    "volunteer_id": volunteer,
                },
            )
        return {"Authorization": f"Bearer {secret}"}

    async def item(self, code: str, category: str, unit: str) -> UUID:
        return await self.one(
            "INSERT INTO items (id, code, name_fa, name_en, category, unit) VALUES (%s, %s, %s, %s, %s,"
            " %s) RETURNING id",
            uuid7(),
            code,
            code,
            code,
            category,
            unit,
        )

    async def verbs(self, subject: UUID) -> list[str]:
        return [
            r["verb"]
            for r in await self.run("SELECT verb FROM events_unsealed WHERE subject_id = %s ORDER BY id", subject)
        ]


async def make_context_for(dsn: str, redis_url: str, home: Path, **settings: Any) -> Context:
    """Services over a test's database; keys in a folder of its own."""
    config = Settings(home=home, DATABASE_URL=dsn, REDIS_URL=redis_url, **settings)
    return await make_context(config, max_connections=12)


@asynccontextmanager
async def a_world(dsn: str, redis_url: str, *, codes: str = "TC", **settings: Any) -> AsyncIterator[World]:
    """Two centres in Lorestan and an open flood."""
    with tempfile.TemporaryDirectory(prefix="dispatch-") as folder:
        ctx = await make_context_for(dsn, redis_url, Path(folder), **settings)
        try:
            world = World(ctx, uuid7(), [uuid7(), uuid7()])
            await world.run(
                "INSERT INTO emergencies (id, code, name_fa, name_en, kind) VALUES (%s, %s, 'سیل', 'Flood', 'flood')",
                world.emergency,
                new_code(6, "E-"),
            )
            for number, (centre, at) in enumerate(zip(world.centres, (KHORRAMABAD, POLDOKHTAR), strict=True)):
                await world.run(
                    "INSERT INTO centres (id, code, name_fa, name_en, geom) VALUES (%s, %s, 'مرکز', 'Centre',"
                    " ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
                    centre,
                    f"{codes}{number + 1}",
                    *at,
                )
            yield world
        finally:
            await ctx.close()


def an_app(ctx: Context, *routers: APIRouter) -> FastAPI:
    """An application with these routers alone, over services that are open already."""
    app = FastAPI()
    app.state.context, app.state.db, app.state.redis = ctx, ctx.db, ctx.redis
    app.state.sealing, app.state.settings, app.state.principals = ctx.sealing, ctx.settings, {}
    install_problem_handlers(app)
    for router in routers:
        app.include_router(router)
    return app


def a_client(app: FastAPI) -> httpx.AsyncClient:
    """A client in the same process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test")
