"""Reading gives way while intake is hot: a gateway cannot wait for its answer, what it handed over can.

A lower priority is not enough. The chain and its statements fill every gap in which a group of messages waits for its
commit, and the next group then waits for them: on two cores that cost intake a third of its rate.
"""

import time
from typing import Final

from server.access.context import Context
from server.reports import chain_queries as queries

WARM: Final = 1000
"""Messages a second up to which nobody rests: two cores carry them and the chain beside them."""
HOT: Final = 2000
"""Messages a second from which intake needs all that two cores have."""
FORM: Final = 3
"""A filled-in form costs its door as much as so many messages: it is larger, and has a row of its own beside."""
LEAST: Final = 0.05
"""The part of its time that the chain works while intake is hot: always some, oldest first."""
REST_MOST_S: Final = 5.0
LOOK_S: Final = 1.0


class Pace:
    """The pace of one process that can wait (the chain, whoever looks at pictures), shared by its lanes."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._share, self._looked_at = 1.0, float("-inf")

    async def rest_s(self, worked_s: float) -> float:
        """Seconds to rest after a batch that took `worked_s`. Looks at the table once a second at most."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_S:
            self._looked_at = now
            async with self._ctx.db.tx() as conn:
                self._share = share_of(await queries.came_lately(conn, LOOK_S, round(HOT * LOOK_S), FORM) / LOOK_S)
        return rest_after(worked_s, self._share)


def share_of(per_s: float) -> float:
    """The part of its time that the chain works while so many messages come a second: 1 to LEAST."""
    return min(1.0, max(LEAST, (HOT - per_s) / (HOT - WARM)))


def rest_after(worked_s: float, share: float) -> float:
    """Seconds of rest that leave the work its share."""
    return min(REST_MOST_S, worked_s * (1 / share - 1))
