"""`hamyar verify`: each check is one question to the database whose right answer is nothing.

All of them look at one moment (one repeatable-read transaction), so that what a running worker does meanwhile is no
finding. Samples are ids and codes, never words.
"""

# ruff: noqa: S608 - statements are put together from this code's own words; values are parameters

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg.rows import dict_row

from ops.integrity import statements as sql
from server.kernel.db import Conn
from server.kernel.events import GENESIS, chain_hash
from server.kernel.sealer import LOCK
from server.maps.grid import LEVELS
from server.maps.models import LAYERS

SAMPLES = 10
BATCH = 5000


@dataclass(slots=True)
class Finding:
    """What a check found: how many things are wrong, and a few of them."""

    name: str
    fa: str
    en: str
    wrong: int = 0
    samples: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.wrong == 0

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "ok": self.ok}


Check = Callable[[Conn, Finding], Awaitable[None]]
CHECKS: list[tuple[Finding, Check]] = []


def check(name: str, fa: str, en: str) -> Callable[[Check], Check]:
    """Put a function among the checks."""

    def add(function: Check) -> Check:
        CHECKS.append((Finding(name, fa, en), function))
        return function

    return add


async def ask(conn: Conn, finding: Finding, statement: str, **params: Any) -> None:
    """Count the rows of a statement with a column `wrong`; each is a thing that is wrong."""
    row = await (
        await conn.execute(
            f"SELECT count(*) AS n, (array_agg(wrong))[1:{SAMPLES}] AS some FROM ({statement}) AS found",
            params,
        )
    ).fetchone()
    if row:
        finding.wrong += row["n"]
        finding.samples += [str(one) for one in row["some"] or []][: SAMPLES - len(finding.samples)]


async def verify(conn: Conn) -> AsyncIterator[Finding]:
    """Run every check in the caller's (fresh) transaction, one finding at a time."""
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    # In one moment of many records a bad plan could take hours; these questions join whole tables.
    await conn.execute("SET LOCAL work_mem = '128MB'")
    for blank, function in CHECKS:
        finding = Finding(blank.name, blank.fa, blank.en)
        await function(conn, finding)
        yield finding


@check("events.chain", "زنجیرهٔ رویدادها پیوسته و دست‌نخورده است", "The chain of events is gapless and unaltered")
async def events_chain(conn: Conn, finding: Finding) -> None:
    """Every hash follows from the one before it, every number from the one before it."""
    head, seq = GENESIS, 0
    async with conn.cursor(name="verify_events", row_factory=dict_row) as cursor:
        cursor.itersize = BATCH
        await cursor.execute(sql.EVENTS)
        async for row in cursor:
            seq += 1
            expected = chain_hash(head, seq, row)
            if row["seq"] != seq or bytes(row["hash"]) != expected:
                finding.wrong += 1
                if len(finding.samples) < SAMPLES:
                    finding.samples.append(f"seq {row['seq']}")
                # Go on from what stands there, so that one broken link is one finding.
                seq = row["seq"]
            head = bytes(row["hash"])


@check("events.waiting", "هیچ رویدادی جا نمانده است", "No event waits to be sealed while a worker runs")
async def events_waiting(conn: Conn, finding: Finding) -> None:
    """A sealer is at work, and yet something is older than a minute."""
    await ask(conn, finding, sql.EVENTS_WAITING, lock=LOCK)


@check("reports.read", "هر گزارشِ خوانده یک خوانش جاری دارد", "Every report that was read has a current reading")
async def reports_read(conn: Conn, finding: Finding) -> None:
    """States are guarded by a CHECK; here: read ones have their reading, others none that is current."""
    await ask(conn, finding, sql.REPORTS_WITHOUT_READING)


@check("tasks.leases", "هر کار را حداکثر یک نفر در دست دارد", "Leases and states of tasks agree; no task is held twice")
async def tasks_leases(conn: Conn, finding: Finding) -> None:
    """Held tasks have the live lease of their fence and holder; nothing else has one."""
    await ask(conn, finding, sql.HELD_WITHOUT_LEASE)
    await ask(conn, finding, sql.LEASE_WITHOUT_HOLDER)
    await ask(conn, finding, sql.HELD_TWICE)


@check("tasks.forgotten", "هیچ کار بازی فراموش نشده است", "No open task is forgotten")
async def tasks_forgotten(conn: Conn, finding: Finding) -> None:
    """Each open task is queued, held by a lease that runs, or escalated; five minutes' grace for the sweep."""
    await ask(conn, finding, sql.TASKS_FORGOTTEN, lock=LOCK)


@check("queues.loads", "شمارش صف‌ها با کارها می‌خواند", "The counts of queues equal their open tasks")
async def queues_loads(conn: Conn, finding: Finding) -> None:
    """Each sealed open task is counted as it stands; each queue's counts are the sum of its tasks'."""
    await ask(conn, finding, sql.LOADS_NOT_TASKS)
    await ask(conn, finding, sql.QUEUES_NOT_LOADS)


@check("stock.balance", "دفتر کالا تراز است", "The ledger of goods balances")
async def stock_balance(conn: Conn, finding: Finding) -> None:
    """Each movement's entries sum to nothing per item; each stock is the sum of its entries."""
    await ask(conn, finding, sql.MOVEMENTS_UNBALANCED)
    await ask(conn, finding, sql.STOCK_NOT_SUM)


@check("links.corroboration", "شمار صداها با پیوندها می‌خواند", "Corroboration equals the independent senders linked")
async def links_corroboration(conn: Conn, finding: Finding) -> None:
    """Of needs and incidents alike."""
    for table, column in (("needs", "need_id"), ("incidents", "incident_id")):
        await ask(conn, finding, sql.CORROBORATION.format(table=table, column=column))


@check("map.features", "نقشه همان را نشان می‌دهد که در پرونده‌هاست", "The map shows what the records say")
async def map_features(conn: Conn, finding: Finding) -> None:
    """`map_features` equals what the layers' statements give now, but for what is not sealed yet."""
    for layer in LAYERS:
        await ask(conn, finding, sql.features_wrong(layer))


@check("map.cells", "شمارش خانه‌های نقشه درست است", "The map's cells equal a recount")
async def map_cells(conn: Conn, finding: Finding) -> None:
    """The finest cells against the features, each coarser zoom against the next finer one, wholes against details."""
    for level in LEVELS:
        await ask(conn, finding, sql.cells_wrong(level, finest=level == LEVELS[0]), level=level)
