"""The ways into a drill instance: a coordinator, a volunteer, a gateway token. Made once, kept in a file of mode 0600.

Only for drills: a real instance gives one-time links (`hamyar invite`) and keeps no passphrase anywhere.
"""

import asyncio
import json
import os
import secrets
from pathlib import Path
from uuid import UUID

from ops.context import run
from server.access import service
from server.access.context import Context
from server.access.roles import Role
from server.kernel.db import Conn

WAIT_S = 30
"""How long to wait for the drill to bring its volunteers."""
WORDS = (
    "river",
    "stone",
    "lamp",
    "orchard",
    "bridge",
    "willow",
    "saffron",
    "valley",
    "falcon",
    "harbour",
    "pepper",
    "cotton",
    "marble",
    "violet",
    "thunder",
    "basket",
)


def passphrase() -> str:
    """Four words and a number, for practice only."""
    return "-".join([*(secrets.choice(WORDS) for _ in range(4)), str(secrets.randbelow(90) + 10)])


async def make(ctx: Context) -> list[dict[str, str]]:
    """The ways in, as lines {role, fa, en, value}; the same ones at every call, what is missing added."""
    if not ctx.settings.drill:
        return []
    path = Path(ctx.settings.home) / "ways_in.json"
    ways: list[dict[str, str]] = json.loads(path.read_text()) if path.exists() else []
    known = {way["role"] for way in ways}
    volunteer = None if "volunteer" in known else await _first_volunteer(ctx)
    async with ctx.db.tx() as conn:
        if "coordinator" not in known:
            ways.append(await _person(conn, ctx, "hamahang", "coordinator", "هماهنگ‌کننده", service.Bounds()))
        if volunteer:
            bounds = service.Bounds(volunteer_id=volunteer)
            ways.append(await _person(conn, ctx, "davtalab", "volunteer", "داوطلب", bounds))
        if "gateway" not in known:
            _, token = await service.create_token(conn, "gateway", "drill gateway", service.Bounds())
            ways.append({"role": "gateway", "fa": "توکن درگاه پیامک", "en": "SMS gateway token", "value": token})
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as file:
            json.dump(ways, file, ensure_ascii=False)
    return ways


async def _person(conn: Conn, ctx: Context, handle: str, role: Role, fa: str, bounds: service.Bounds) -> dict[str, str]:
    words = passphrase()
    await service.create_account(conn, handle, words, role, bounds)
    return {"role": role, "fa": fa, "en": role, "value": f"{ctx.settings.url}/login   {handle} / {words}"}


async def _first_volunteer(ctx: Context) -> UUID | None:
    for _ in range(WAIT_S):
        async with ctx.db.tx() as conn:
            row = await (
                await conn.execute("SELECT id FROM volunteers WHERE status = 'active' ORDER BY code LIMIT 1")
            ).fetchone()
        if row:
            found: UUID = row["id"]
            return found
        await asyncio.sleep(1)
    return None


if __name__ == "__main__":
    print(json.dumps(run(make), ensure_ascii=False))
