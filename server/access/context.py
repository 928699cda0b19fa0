"""What every use case may lean on: the database, Redis, the keys, the settings."""

from dataclasses import dataclass

from redis.asyncio import Redis
from starlette.requests import Request

from server.access.sealing import Sealing, create_keys
from server.kernel import redis as kernel_redis
from server.kernel.db import Database
from server.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """One process's services. Open with `make_context`, close with `close`."""

    settings: Settings
    db: Database
    redis: Redis
    sealing: Sealing

    async def close(self) -> None:
        """Give connections back."""
        await self.db.close()
        await self.redis.aclose()


async def make_context(settings: Settings, *, max_connections: int = 16) -> Context:
    """Open the process's services; neither server needs to be up yet."""
    db = Database(settings.database_url, max_size=max_connections)
    await db.open()
    return Context(settings, db, kernel_redis.connect(settings.redis_url), create_keys(settings.keys_dir))


def context(request: Request) -> Context:
    """The application's services."""
    ctx: Context = request.app.state.context
    return ctx
