"""Shelters: as forms tell of them, as lists show them, named by a coordinator."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from field_forms.mapping import FormReport
from field_forms.structures import FormShelter
from server.access.context import Context
from server.access.principal import Principal
from server.access.sealing import SealedError
from server.forms import shelter_queries as queries
from server.forms.effects import Done, Job, Kind
from server.kernel.db import Conn
from server.kernel.errors import Problem, not_found, stale
from server.kernel.events import NewEvent, emit
from server.kernel.ids import new_code, uuid7
from server.places.names import squash

TABLE: Final = "shelters"
CODE: Final = "S-"
NEAR_M: Final = 100.0
"""Whoever writes down a shelter stands in it, or at its door."""
_DEGREES: Final = 0.003
"""More than NEAR_M in degrees, up to 70° of latitude."""
_TOLD: Final = ("state", "people", "capacity")


async def _tell(job: Job, nth: int, told: FormShelter) -> Done:
    """A shelter is so: the known one is brought up to it, another is written down. Older words change nothing."""
    del nth
    row = await _known(job, told)
    said = {k: getattr(told, k) for k in _TOLD}
    if row is None:
        return await _make(job, told, said)
    before = {k: row[k] for k in _TOLD} | {"report": str(row["report_id"]) if row["report_id"] else None}
    before["said_at"] = row["said_at"].isoformat() if row["said_at"] else None
    own = {str(r["data"].get("report")) for r in job.earlier if r["kind"] == "shelter"}
    if row["said_at"] is not None and row["said_at"] > job.said_at and str(row["report_id"]) not in own:
        return Done("shelter", row["id"], {"older": True, "code": row["code"], "report": str(job.report_id)})
    values = {k: v for k, v in said.items() if v is not None}
    values |= {"said_at": job.said_at, "report_id": job.report_id}
    if row["lon"] is None and told.lon is not None:
        values |= {"lon": told.lon, "lat": told.lat}
    await queries.change(job.conn, row["id"], values)
    await _changed(job.conn, row["id"], job.emergency, job.actor, sorted(k for k in said if said[k] is not None))
    first = next((r["data"]["before"] for r in job.earlier if _of(r, row["id"]) and r["data"].get("before")), before)
    made = any(_of(r, row["id"]) and r["data"].get("made") for r in job.earlier)
    return Done("shelter", row["id"], _data(job, row["code"], said) | {"before": first, "made": made})


def _of(row: Mapping[str, Any], shelter_id: UUID) -> bool:
    return bool(row["kind"] == "shelter" and row["subject_id"] == shelter_id)


def _data(job: Job, code: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": code, "report": str(job.report_id), **said}


async def _known(job: Job, told: FormShelter) -> DictRow | None:
    """By its code, by the name that was typed, or by where it is if names do not tell them apart."""
    if told.shelter:
        row = await queries.by_code(job.conn, told.shelter)
        if row is None or row["emergency_id"] not in {None, job.emergency}:
            raise Problem(422, "shelter.unknown", "There is no such shelter here.", "چنین سرپناهی این‌جا نیست.")
        return row
    hashed = _name_hash(job.ctx, told.name)
    if hashed and (row := await queries.by_name(job.conn, job.emergency, hashed)):
        return row
    if told.lon is None or told.lat is None:
        if hashed is None:
            raise Problem(
                422,
                "shelter.unsaid",
                "The form says neither which shelter nor where.",
                "فرم نگفته است کدام سرپناه و کجا.",
            )
        return None
    asked = {"emergency": job.emergency, "lon": told.lon, "lat": told.lat, "within_m": NEAR_M, "degrees": _DEGREES}
    return await queries.near(job.conn, asked | {"named": hashed is not None})


def _name_hash(ctx: Context, name: str | None) -> bytes | None:
    key = squash(name) if name else ""
    return ctx.sealing.keyed_hash("shelter", key) if key else None


async def _make(job: Job, told: FormShelter, said: Mapping[str, Any]) -> Done:
    made, code = uuid7(), new_code(7, CODE)
    record = job.ctx.sealing.new(TABLE, made)
    row = {
        "id": made,
        "code": code,
        "emergency_id": job.emergency,
        "name_hash": _name_hash(job.ctx, told.name),
        "name_sealed": record.seal("name_sealed", told.name) if told.name else None,
        "said_at": job.said_at,
        "report_id": job.report_id,
        "lon": told.lon,
        "lat": told.lat,
        "sealing_key_id": record.key_id,
        "data_key_wrapped": record.wrapped,
        **said,
    }
    await queries.add(job.conn, row)
    await _changed(job.conn, made, job.emergency, job.actor, ["created"])
    return Done("shelter", made, _data(job, code, said) | {"made": True})


async def _take_back(job: Job, effect: DictRow) -> None:
    """Back to what was known before; one that nobody else told of is closed. A later word stays."""
    row = await queries.one(job.conn, effect["subject_id"], lock=True)
    if row is None or str(row["report_id"]) != effect["data"].get("report"):
        return
    before = effect["data"].get("before")
    values: dict[str, Any] = {"state": "closed", "people": None, "report_id": None}
    if before:
        values = {k: before[k] for k in _TOLD}
        values |= {"report_id": before["report"], "said_at": before["said_at"]}
    await queries.change(job.conn, row["id"], values)
    await _changed(job.conn, row["id"], row["emergency_id"], job.actor, list(_TOLD))


async def _changed(conn: Conn, shelter_id: UUID, emergency: UUID | None, actor: str, fields: list[str]) -> None:
    event = NewEvent("shelter.changed", "shelter", shelter_id, emergency, actor, data={"fields": fields})
    await emit(conn, event)


def _things(report: FormReport) -> tuple[FormShelter, ...]:
    return report.shelters


SHELTER = Kind("shelter", _things, _tell, _take_back)


def feature(row: Mapping[str, Any]) -> dict[str, Any]:
    """A shelter as GeoJSON; without its name until a coordinator has given it one."""
    point = None if row["lon"] is None else {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": point,
        "properties": {
            "layer": "shelters",
            "code": row["code"],
            "emergency": str(row["emergency_id"]) if row["emergency_id"] else None,
            "name": {"fa": row["name_fa"], "en": row["name_en"]},
            "state": row["state"],
            "people": row["people"],
            "capacity": row["capacity"],
            "said_at": row["said_at"].isoformat() if row["said_at"] else None,
            "updated_at": row["updated_at"].isoformat(),
            "version": row["version"],
        },
    }


async def opened(conn: Conn, ctx: Context, principal: Principal, shelter_id: UUID) -> DictRow:
    """One shelter with the name that somebody typed (`typed`), for who names it; the look is put on record."""
    row = await _own(conn, principal, shelter_id)
    typed = None
    if row["name_sealed"] is not None:
        try:
            plain = ctx.sealing.of(TABLE, row["id"], bytes(row["data_key_wrapped"])).open(
                "name_sealed", row["name_sealed"]
            )
        except SealedError:
            plain = None
        typed = plain.decode("utf-8", "replace") if plain else None
        event = NewEvent("shelter.opened", "shelter", row["id"], row["emergency_id"], principal.actor)
        await emit(conn, event)
    return {**row, "typed": typed}


async def rename(
    conn: Conn, principal: Principal, shelter_id: UUID, names: Mapping[str, str | None], version: int
) -> DictRow:
    """Give a shelter, seen at `version`, its name for all to read. Raises 412 with the current record."""
    row = await _own(conn, principal, shelter_id, lock=True)
    if row["version"] != version:
        raise stale(feature(row))
    if names:
        await queries.change(conn, shelter_id, names)
        await _changed(conn, shelter_id, row["emergency_id"], principal.actor, sorted(names))
    return await _own(conn, principal, shelter_id)


async def _own(conn: Conn, principal: Principal, shelter_id: UUID, *, lock: bool = False) -> DictRow:
    row = await queries.one(conn, shelter_id, lock=lock)
    if row is None or not principal.may("shelter.edit", emergency_id=row["emergency_id"]):
        raise not_found("shelter")
    return row
