"""Claims: many requests of a process share one transaction, each is answered with its own tasks.

Measured on the bare loop, fifty claims a commit are fifteen times as many a second as one a commit; so
requests wait two milliseconds for company, and whoever comes while a batch commits goes with the next one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.rows import DictRow

from server.access.context import Context
from server.dispatch import claim_queries as queries
from server.dispatch import problems, rules, telling, views
from server.dispatch import queries as standing
from server.dispatch.claim_queries import Able, Hold
from server.dispatch.claim_rules import Claimant, ClaimRequest, bar, claimant
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found
from server.kernel.events import NewEvent, emit_many
from server.kernel.ids import uuid7
from server.volunteers.hearing import heard

GATHER_S = 0.002
BATCH = 64
FLUSHERS = 2
"""Batches in flight at once: one talks to the database while the other is being put together."""
DEADLOCK_TRIES = 3


__all__ = ["Answer", "ClaimRequest", "Claims", "claim_batch"]
Answer = dict[str, Any] | Problem


class Claims:
    """The process's claims. `claim` returns when the transaction that holds the answer is committed."""

    def __init__(self, ctx: Context, *, cap: int | None = None) -> None:
        self.ctx, self.cap = ctx, cap
        self._queues: dict[UUID, DictRow] = {}
        """Queues by their id: what they are never changes."""
        self._asking = asyncio.Lock()
        self._waiting: list[tuple[ClaimRequest, asyncio.Future[Answer]]] = []
        self._flushers: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()

    async def queue(self, queue_id: UUID) -> DictRow:
        """A queue's facts, read once by this process, however many ask at once. Raises 404."""
        if queue_id in self._queues:
            return self._queues[queue_id]
        async with self._asking:
            if queue_id not in self._queues:
                async with self.ctx.db.tx() as conn:
                    row = await standing.queue(conn, queue_id)
                if row is None:
                    raise not_found("queue")
                self._queues[queue_id] = row
        return self._queues[queue_id]

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

    async def _answers(self, requests: Sequence[ClaimRequest]) -> list[Answer]:
        """One transaction; again when PostgreSQL ended it to undo a deadlock with the chain or a person's edit."""
        for left in reversed(range(DEADLOCK_TRIES)):
            try:
                async with self.ctx.db.tx() as conn:
                    return await claim_batch(conn, self.ctx, requests, cap=self.cap)
            except (DeadlockDetected, SerializationFailure):
                if not left:
                    raise
        raise AssertionError("unreachable")

    async def _run(self, batch: Sequence[tuple[ClaimRequest, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._answers([r for r, _ in batch])
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

    Locks are taken in one order everywhere (keys, then volunteers, then the tasks that were asked for by name, then
    whichever are free, without waiting), so batches of several processes cannot wait for each other in a ring.
    """
    answers: dict[int, Answer] = {}
    twins = await _known_keys(conn, requests, answers)
    fresh = [i for i in range(len(requests)) if i not in answers and i not in twins]
    claimants = await _claimants(conn, requests, fresh, answers, cap)
    dealt = await _named(conn, requests, claimants, answers, cap)
    dealt |= await _deal(conn, requests, claimants, [task for tasks in dealt.values() for task in tasks])
    held = await _hold(conn, ctx, requests, dealt)
    for i in claimants:
        if i not in answers:
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


async def _claimants(
    conn: Conn, requests: Sequence[ClaimRequest], fresh: Sequence[int], answers: dict[int, Answer], cap: int | None
) -> dict[int, Claimant]:
    """How many tasks each request may have, and who goes; those who may not get their problem."""
    ids = list({requests[i].volunteer_id for i in fresh})
    people = await queries.lock_volunteers(conn, ids) if ids else {}
    calling = {v for i in fresh if (v := requests[i].volunteer_id) in people and not requests[i].for_another}
    await heard(conn, [v for v in calling if people[v]["unheard"]])
    held = await queries.claims_held(conn, ids) if cap is not None and ids else {}
    named = list({team for i in fresh if (team := requests[i].team_id)})
    teams = await queries.teams(conn, named) if named else {}
    claimants: dict[int, Claimant] = {}
    for i in fresh:
        request = requests[i]
        has = held.get(request.volunteer_id, 0)
        found = claimant(request, people.get(request.volunteer_id), teams, has, cap)
        if isinstance(found, Problem):
            answers[i] = found
            continue
        claimants[i] = found
        held[request.volunteer_id] = has + found.limit
    return claimants


async def _named(
    conn: Conn,
    requests: Sequence[ClaimRequest],
    claimants: dict[int, Claimant],
    answers: dict[int, Answer],
    cap: int | None,
) -> dict[int, list[UUID]]:
    """Those who asked for one task by name: the first of them may have it, if she is able to."""
    asked = {i: task for i in claimants if (task := requests[i].task_id)}
    if not asked:
        return {}
    rows = await queries.chosen(conn, list(set(asked.values())))
    dealt: dict[int, list[UUID]] = {}
    given: set[UUID] = set()
    for i, task_id in asked.items():
        row = rows.get(task_id)
        if row is None:
            answers[i] = not_found("task")
        elif row["holder_id"] == requests[i].volunteer_id and row["state"] in rules.HELD:
            # She has it already: her earlier call was heard, its answer was lost.
            answers[i] = {"tasks": [views.claimed(row)]}
        elif cap is not None and not claimants[i].limit:
            answers[i] = problems.claim_cap(cap, cap)
        elif task_id in given:
            answers[i] = problems.taken()
        elif problem := bar(row, claimants[i], requests[i]):
            answers[i] = problem
        else:
            given.add(task_id)
            dealt[i] = [task_id]
    return dealt


async def _deal(
    conn: Conn, requests: Sequence[ClaimRequest], claimants: dict[int, Claimant], taken: list[UUID]
) -> dict[int, list[UUID]]:
    """Pick and deal: one statement for each sort of claimant, all queues at once."""
    sorts: dict[Able, dict[UUID, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i, one in claimants.items():
        if requests[i].task_id is None:
            sorts[one.able][requests[i].queue_id].append(i)
    dealt: dict[int, list[UUID]] = {}
    for able, by_queue in sorts.items():
        wants = [(queue, sum(claimants[i].limit for i in who)) for queue, who in by_queue.items()]
        found = await queries.pick(conn, wants, able, taken)
        for queue, ids in found.items():
            who = by_queue[queue]
            taken += ids
            hands = rules.share([claimants[i].limit for i in who], range(len(ids)))
            dealt |= {i: [ids[n] for n in hand] for i, hand in zip(who, hands, strict=True)}
    return dealt


async def _hold(
    conn: Conn, ctx: Context, requests: Sequence[ClaimRequest], dealt: dict[int, list[UUID]]
) -> dict[int, list[dict[str, Any]]]:
    owner = {task: i for i, tasks in dealt.items() for task in tasks}
    if not owner:
        return {}
    rows = await queries.hold(
        conn,
        [Hold(task, requests[i].volunteer_id, uuid7(), requests[i].team_id) for task, i in owner.items()],
        ctx.settings.lease_s,
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
