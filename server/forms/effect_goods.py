"""Goods as forms tell of them: received, issued, given to people, counted. The books are the ledger's own."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from field_forms.mapping import FormReport
from field_forms.structures import FormMovement
from server.forms import effect_queries as queries
from server.forms.effects import Done, Job, Kind, plain
from server.kernel.errors import Problem
from server.supplies import queries as supplies_queries
from server.supplies import rules, service
from server.supplies.rules import Account, Transfer
from server.supplies.service import MovementKind, Posting

_LIVE_TASK = frozenset({"queued", "claimed", "accepted", "en_route", "escalated"})
Goods = Mapping[UUID, Decimal]


def _refuse(code: str, en: str, fa: str, **extra: Any) -> Problem:
    return Problem(422, code, en, fa, extra=extra)


async def _centre(job: Job, code: str | None, *, own: bool = True) -> UUID:
    """The centre of a code; without one, the one that the phone is bound to. `own`: its goods are to be moved."""
    bound: UUID | None = job.submission["centre_id"]
    if code is None:
        if bound is None or not own:
            raise _refuse("centre.unsaid", "The form does not say which centre.", "فرم نگفته است کدام مرکز.")
        return bound
    found = (await supplies_queries.centres_by_code(job.conn, [code])).get(code)
    if found is None:
        raise _refuse("centre.unknown", "There is no such centre.", "چنین مرکزی نیست.", centre=plain(code))
    if own and not job.by_hand:
        _may_move(job, found, code)
    return found


def _may_move(job: Job, centre: UUID, code: str) -> None:
    """A phone bound to a centre moves its goods alone; a volunteer's those of the centre it is bound to."""
    bound: UUID | None = job.submission["centre_id"]
    if bound is not None and bound != centre:
        raise _refuse(
            "centre.other",
            "The phone belongs to another centre; its goods are that centre's alone.",
            "این گوشی از مرکز دیگری است و تنها کالای همان مرکز را جابه‌جا می‌کند.",
            centre=plain(code),
        )
    who = job.who
    if who is None or (not who.has_role("field", "dispatcher", "coordinator", "admin") and bound is None):
        raise _refuse(
            "movement.not_allowed",
            "Whoever sent this may not move goods of this centre.",
            "فرستندهٔ این فرم اجازهٔ جابه‌جایی کالای این مرکز را ندارد.",
            centre=plain(code),
        )


async def _goods(job: Job, told: FormMovement) -> dict[UUID, Decimal]:
    """Items by their codes, with their amounts in the catalogue's unit. Lines of one item add up."""
    known = {r["code"]: r for r in await supplies_queries.items_by(job.conn, codes=[x.item for x in told.lines])}
    goods: dict[UUID, Decimal] = {}
    for line in told.lines:
        item = known.get(line.item)
        if item is None:
            raise _refuse(
                "item.unknown", "An item is not in the catalogue.", "کالایی در فهرست نیست.", item=plain(line.item)
            )
        if line.unit is not None and line.unit != item["unit"]:
            raise _refuse(
                "unit.mismatch",
                "The amount is in another unit than the catalogue's.",
                "مقدار با واحد دیگری جز واحد فهرست کالا گفته شده است.",
                item=plain(line.item),
                unit=line.unit,
                catalogue=item["unit"],
            )
        goods[item["id"]] = goods.get(item["id"], Decimal(0)) + Decimal(str(line.quantity))
    return goods


async def carry(job: Job, nth: int, told: FormMovement) -> Done:
    """One movement, once: its natural key is the submission's."""
    if told.kind == "count":
        return await _count(job, nth, told)
    centre = await _centre(job, told.centre)
    goods = await _goods(job, told)
    shelf, key = Account("centre", centre), job.key("movement", nth)
    data = _data(job, told)
    if told.kind == "receipt":
        made = await service.receive(
            job.conn, centre, goods, natural_key=key, actor=job.actor, emergency_id=job.emergency
        )
        return _done(made, data)
    task = await _task(job, told.task) if told.task else None
    if told.kind == "issue":
        kind: MovementKind = "dispatch"
        target = await _target(job, told, task, centre)
    else:
        kind, target = "delivery", rules.RECEIVED
    made = await service.post(
        job.conn,
        Posting(
            kind,
            key,
            [Transfer(item, amount, shelf, target) for item, amount in goods.items()],
            job.actor,
            job.emergency,
            task["id"] if task else None,
            task["need_id"] if task else None,
        ),
    )
    return _done(made, data)


async def _task(job: Job, code: str) -> DictRow:
    task = await queries.task_by_code(job.conn, code)
    if task is None or (job.emergency is not None and task["emergency_id"] != job.emergency):
        raise _refuse("task.unknown", "There is no such task here.", "چنین مأموریتی این‌جا نیست.", task=plain(code))
    return task


async def _target(job: Job, told: FormMovement, task: DictRow | None, centre: UUID) -> Account:
    """Where an issue goes: to another centre's shelf, or on the road for a task."""
    if told.to_centre:
        target = await _centre(job, told.to_centre, own=False)
        if target == centre:
            raise _refuse("movement.sides", "From and to are one centre.", "مبدأ و مقصد یک مرکز است.")
        return Account("centre", target)
    if task is None:
        raise _refuse("movement.sides", "The form does not say where the goods went.", "فرم نگفته است کالا کجا رفت.")
    if task["state"] not in _LIVE_TASK:
        raise _refuse("task.over", "The task is over.", "این مأموریت پایان یافته است.", task=task["code"])
    if task["loaded"]:
        raise _refuse("task.loaded", "Its goods are on the road already.", "کالای آن در راه است.", task=task["code"])
    return Account("transit", None, task["id"])


async def _count(job: Job, nth: int, told: FormMovement) -> Done:
    """Bring the books to what was counted. An edit of a count speaks of the books as they were when it was counted."""
    centre = await _centre(job, told.centre)
    goods = await _goods(job, told)
    held = await service.held_at(job.conn, centre, list(goods))
    names = {r["id"]: r["code"] for r in await supplies_queries.items_by(job.conn, ids=list(goods))}
    then = _books_then(job, centre)
    base = {item: then.get(names[item], held.get(item, Decimal(0))) for item in goods}
    made = await service.adjust(
        job.conn,
        centre,
        {item: counted - base[item] for item, counted in goods.items()},
        natural_key=job.key("movement", nth),
        actor=job.actor,
    )
    books = {names[item]: str(amount) for item, amount in base.items()}
    return _done(made, {**_data(job, told), "books": books, "at": str(centre)})


def _books_then(job: Job, centre: UUID) -> dict[str, Decimal]:
    """Item code → what the books held when an earlier edit of this count was taken in."""
    return {
        code: Decimal(amount)
        for row in job.earlier
        if row["kind"] == "movement" and row["data"].get("at") == str(centre)
        for code, amount in row["data"].get("books", {}).items()
    }


def _data(job: Job, told: FormMovement) -> dict[str, Any]:
    data: dict[str, Any] = {
        "kind": told.kind,
        "lines": [{"item": plain(x.item), "quantity": x.quantity, "unit": x.unit} for x in told.lines],
        "centre": plain(told.centre),
    }
    if told.recipient and job.report.consent is not False:
        data["recipient"] = {"dataset": plain(told.recipient.dataset), "id": plain(told.recipient.id)}
    if told.signature:
        data["signed"] = True
    return data | {k: plain(v) for k, v in (("to", told.to_centre), ("task", told.task)) if v}


def _done(made: service.Posted | None, data: dict[str, Any]) -> Done:
    if made is None:
        return Done(data=data)
    return Done("movement", made.id, {**data, "code": made.code})


async def reverse(job: Job, row: DictRow) -> None:
    """Post the same again the other way round, under a key of its own."""
    if row["subject_id"] is not None:
        await service.counter(job.conn, row["subject_id"], job.actor)


def _things(report: FormReport) -> tuple[FormMovement, ...]:
    return report.movements


MOVEMENT = Kind("movement", _things, carry, reverse)
