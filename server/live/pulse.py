"""How far behind the truth this process's stream is, so that no page says "live" over a house that stands still.

The sealer may be dead or slow (what was committed has no number), this process may have lost the database or the
sealer's stream. Asked of PostgreSQL every two seconds, and told with the pings.
"""

import time
from typing import Final

from server.kernel.db import Database
from server.live import queries

EVERY_S: Final = 2.0
TELL_S: Final = 5.0
"""Less than this is no news: the sealer gathers what comes in a storm."""


class Pulse:
    """`behind_s`: for so long what happens has not reached, or may not have reached, this process's listeners."""

    def __init__(self) -> None:
        self._good = time.monotonic()
        """When everything was as it should be, last."""
        self._newest = 0
        self._waited = False

    async def look(self, db: Database, head: int) -> None:
        """Ask how the house is. `head`: the newest number this process has. Raises when the database is away."""
        async with db.tx() as conn:
            found = await queries.sealing(conn)
        self.judge(head, found["newest"], found["waits_s"] or 0.0, sealer=found["sealer"])

    def judge(self, head: int, newest: int, waits_s: float, *, sealer: bool) -> None:
        """From one look: the newest number, the age of the oldest event without one, whether somebody seals."""
        now = time.monotonic()
        # What a long transaction has just committed is old at once, and numbers are always a little ahead of us: only
        # what is so at two looks in a row counts.
        waited, self._waited = self._waited, waits_s >= TELL_S
        before, self._newest = self._newest, newest
        if waited and self._waited:
            self._good = min(self._good, now - waits_s)
        elif sealer and head >= before and not self._waited:
            self._good = now

    @property
    def behind_s(self) -> int:
        """Whole seconds; 0 while all is well."""
        seconds = time.monotonic() - self._good
        return int(seconds) if seconds >= TELL_S else 0
