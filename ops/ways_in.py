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

WAIT_S = 15
"""How many seconds to wait for the drill to bring its volunteers and the first tasks."""
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


_FREE = """
SELECT v.id, coalesce(w.waiting, 0) AS waiting FROM volunteers v
LEFT JOIN (SELECT q.centre_id, count(*) AS waiting FROM tasks t JOIN queues q ON q.id = t.queue_id
  WHERE t.state = 'queued' GROUP BY q.centre_id) w ON w.centre_id = v.centre_id
WHERE v.status = 'active' AND NOT EXISTS (SELECT 1 FROM tokens k WHERE k.volunteer_id = v.id)
ORDER BY waiting DESC, v.code LIMIT 1"""


async def _first_volunteer(ctx: Context) -> UUID | None:
    """One whom the drill does not move, of the centre where most tasks wait: there is something to do."""
    found: UUID | None = None
    for _ in range(WAIT_S):
        async with ctx.db.tx() as conn:
            row = await (await conn.execute(_FREE)).fetchone()
        found = row["id"] if row else found
        if row and row["waiting"]:
            break
        await asyncio.sleep(1)
    return found


if __name__ == "__main__":
    print(json.dumps(run(make), ensure_ascii=False))
