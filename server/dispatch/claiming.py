"""Claims: many requests of a process share one transaction, each is answered with its own tasks.

Measured on the bare loop, fifty claims a commit are fifteen times as many a second as one a commit; so
requests wait two milliseconds for company, and whoever comes while a batch commits goes with the next one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from server.access.context import Context
from server.dispatch import problems, queries, rules, telling, views
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit_many
from server.kernel.ids import uuid7

GATHER_S = 0.002
BATCH = 64
FLUSHERS = 2
"""Batches in flight at once: one talks to the database while the other is being put together."""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Who wants how many tasks of which queue. `scope` and `key` are the idempotency key, if one was sent.

    `centre_bound`: the claimant's own centre must be this one (a dispatcher claims for their own people).
    `for_another`: the volunteer did not ask herself, so she is texted.
    """

    queue_id: UUID
    volunteer_id: UUID
    limit: int
    actor: str
    skills: tuple[str, ...] | None = None
    scope: str = ""
    key: str | None = None
    request_hash: bytes = b""
    centre_bound: UUID | None = None
    for_another: bool = False


Answer = dict[str, Any] | Problem


class Claims:
    """The process's claims. `claim` returns when the transaction that holds the answer is committed."""

    def __init__(self, ctx: Context, *, cap: int | None = None) -> None:
        self.ctx, self.cap = ctx, cap
        self._waiting: list[tuple[ClaimRequest, asyncio.Future[Answer]]] = []
        self._flushers: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()

    async def claim(self, request: ClaimRequest) -> dict[str, Any]:
        """`{"tasks": […]}`; raises the request's own Problem, or what broke the transaction."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if len(self._flushers) < FLUSHERS:
            flusher = asyncio.create_task(self._flush())
            self._flushers.add(flusher)
            flusher.add_done_callback(self._flushers.discard)
        answer = await future
        if isinstance(answer, Problem):
            raise answer
        return answer

    async def _flush(self) -> None:
        if len(self._waiting) < BATCH:
            await asyncio.sleep(GATHER_S)
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            await self._run([(r, f) for r, f in batch if not f.done()])

    async def _run(self, batch: Sequence[tuple[ClaimRequest, asyncio.Future[Answer]]]) -> None:
        try:
            async with self.ctx.db.tx() as conn:
                answers = await claim_batch(conn, self.ctx, [r for r, _ in batch], cap=self.cap)
        except psycopg.OperationalError as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever it was, each waiter must hear of it
            if len(batch) > 1:
                # One bad request must not take the others down: each alone.
                for one in batch:
                    await self._run([one])
                return
            _fail(batch, error)
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


def _fail(batch: Sequence[tuple[ClaimRequest, asyncio.Future[Answer]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)


async def claim_batch(conn: Conn, ctx: Context, requests: Sequence[ClaimRequest], *, cap: int | None) -> list[Answer]:
    """Serve many claims in the caller's transaction; one answer each, in order.

    Locks are taken in one order everywhere (keys, then volunteers, then whichever tasks are free), so
    batches of several processes cannot wait for each other in a ring.
    """
    answers: dict[int, Answer] = {}
    twins = await _known_keys(conn, requests, answers)
    fresh = [i for i in range(len(requests)) if i not in answers and i not in twins]
    limits = await _limits(conn, requests, fresh, answers, cap)
    dealt = await _deal(conn, requests, limits)
    held = await _hold(conn, ctx, requests, dealt)
    for i in limits:
        answers[i] = {"tasks": held.get(i, [])}
    keyed = [(requests[i].scope, key, _given(answers[i])) for i in fresh if (key := requests[i].key)]
    if keyed:
        await queries.keep_answers(conn, keyed)
    for i, first in twins.items():
        same = requests[i].request_hash == requests[first].request_hash
        answers[i] = answers[first] if same else problems.key_reused()
    return [answers[i] for i in range(len(requests))]


def _given(answer: Answer) -> dict[str, Any]:
    return {} if isinstance(answer, Problem) else answer


async def _known_keys(conn: Conn, requests: Sequence[ClaimRequest], answers: dict[int, Answer]) -> dict[int, int]:
    """Answer what was answered before; return those whose key stands twice in this very batch (later →
    first).
    """
    first: dict[tuple[str, str], int] = {}
    twins: dict[int, int] = {}
    for i, request in enumerate(requests):
        if request.key:
            seen = first.setdefault((request.scope, request.key), i)
            if seen != i:
                twins[i] = seen
    if not first:
        return twins
    known = await queries.reserve_keys(conn, [(s, k, requests[i].request_hash) for (s, k), i in first.items()])
    for key, row in known.items():
        i = first[key]
        same = bytes(row["request_hash"]) == requests[i].request_hash
        answers[i] = {"tasks": row["answer"].get("tasks", [])} if same else problems.key_reused()
    return twins


async def _limits(
    conn: Conn,
    requests: Sequence[ClaimRequest],
    fresh: Sequence[int],
    answers: dict[int, Answer],
    cap: int | None,
) -> dict[int, tuple[int, bool]]:
    """How many tasks each request may have, and whether a woman asks; those who may not get their problem."""
    ids = list({requests[i].volunteer_id for i in fresh})
    people = await queries.lock_volunteers(conn, ids) if ids else {}
    held = await queries.claims_held(conn, ids) if cap is not None and ids else {}
    limits: dict[int, tuple[int, bool]] = {}
    for i in fresh:
        request = requests[i]
        person = people.get(request.volunteer_id)
        if person is None:
            answers[i] = not_found("volunteer")
        elif request.centre_bound is not None and person["centre_id"] != request.centre_bound:
            answers[i] = problems.not_this_volunteer()
        elif person["status"] != "active":
            answers[i] = problems.volunteer_away(person["status"])
        else:
            has = held.get(request.volunteer_id, 0)
            if cap is not None and has >= cap:
                answers[i] = problems.claim_cap(has, cap)
                continue
            limit = request.limit if cap is None else min(request.limit, cap - has)
            held[request.volunteer_id] = has + limit
            limits[i] = (limit, person["gender"] == "woman")
    return limits


async def _deal(
    conn: Conn, requests: Sequence[ClaimRequest], limits: dict[int, tuple[int, bool]]
) -> dict[int, list[UUID]]:
    """Pick and deal: one statement for each sort of claimant, all queues at once."""
    sorts: dict[tuple[bool, tuple[str, ...] | None], dict[UUID, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i, (_, woman) in limits.items():
        sorts[woman, requests[i].skills][requests[i].queue_id].append(i)
    dealt: dict[int, list[UUID]] = {}
    taken: list[UUID] = []
    for (woman, skills), by_queue in sorts.items():
        wants = [(queue, sum(limits[i][0] for i in who)) for queue, who in by_queue.items()]
        found = await queries.pick(conn, wants, woman=woman, skills=skills, taken=taken)
        for queue, ids in found.items():
            who = by_queue[queue]
            taken += ids
            hands = rules.share([limits[i][0] for i in who], range(len(ids)))
            dealt |= {i: [ids[n] for n in hand] for i, hand in zip(who, hands, strict=True)}
    return dealt


async def _hold(
    conn: Conn, ctx: Context, requests: Sequence[ClaimRequest], dealt: dict[int, list[UUID]]
) -> dict[int, list[dict[str, Any]]]:
    owner = {task: i for i, tasks in dealt.items() for task in tasks}
    if not owner:
        return {}
    rows = await queries.hold(
        conn, [(task, requests[i].volunteer_id, uuid7()) for task, i in owner.items()], ctx.settings.lease_s
    )
    await emit_many(conn, [claimed_event(row, requests[owner[row["id"]]].actor) for row in rows])
    others = [row for row in rows if requests[owner[row["id"]]].for_another]
    until = await telling.tell(conn, ctx, others) if others else {}
    by_id = {row["id"]: views.claimed(row | {"lease_until": until.get(row["id"], row["lease_until"])}) for row in rows}
    return {i: [by_id[task] for task in tasks if task in by_id] for i, tasks in dealt.items()}


def claimed_event(row: DictRow, actor: str) -> NewEvent:
    """`task.claimed`: who and under which fence."""
    return NewEvent(
        "task.claimed",
        "task",
        row["id"],
        row["emergency_id"],
        actor,
        row["centre_id"],
        {"fence": row["fence"], "volunteer": str(row["holder_id"]), "queue": str(row["queue_id"])},
    )
