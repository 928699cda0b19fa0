"""The ways into a drill instance: a coordinator, a volunteer, a gateway token. Made once, kept in a file of mode 0600.

Only for drills: a real instance gives one-time links (`hamyar invite`) and keeps no passphrase anywhere.
"""

import asyncio
import json
import os
import secrets
from pathlib import Path
from typing import Any

from ops.context import run
from server.access import service
from server.access.context import Context
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


async def _volunteer(conn: Conn) -> Any:
    return await (
        await conn.execute("SELECT v.id FROM volunteers v WHERE v.status = 'active' ORDER BY v.code LIMIT 1")
    ).fetchone()


async def make(ctx: Context) -> list[dict[str, str]]:
    """The ways in, as lines {role, fa, en, value}; the same ones at every call."""
    if not ctx.settings.drill:
        return []
    path = Path(ctx.settings.home) / "ways_in.json"
    if path.exists():
        known: list[dict[str, str]] = json.loads(path.read_text())
        return known
    volunteer = None
    for _ in range(WAIT_S):
        async with ctx.db.tx() as conn:
            if volunteer := await _volunteer(conn):
                break
        await asyncio.sleep(1)
    ways = []
    async with ctx.db.tx() as conn:
        words = passphrase()
        await service.create_account(conn, "hamahang", words, "coordinator", service.Bounds())
        ways.append(
            {
                "role": "coordinator",
                "fa": "هماهنگ‌کننده",
                "en": "coordinator",
                "value": f"{ctx.settings.url}/login   hamahang / {words}",
            }
        )
        if volunteer:
            words = passphrase()
            await service.create_account(
                conn, "davtalab", words, "volunteer", service.Bounds(volunteer_id=volunteer["id"])
            )
            ways.append(
                {
                    "role": "volunteer",
                    "fa": "داوطلب",
                    "en": "volunteer",
                    "value": f"{ctx.settings.url}/login   davtalab / {words}",
                }
            )
        _, token = await service.create_token(conn, "gateway", "drill gateway", service.Bounds())
        ways.append({"role": "gateway", "fa": "توکن درگاه پیامک", "en": "SMS gateway token", "value": token})
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as file:
            json.dump(ways, file, ensure_ascii=False)
    return ways


if __name__ == "__main__":
    print(json.dumps(run(make), ensure_ascii=False))
