"""Understood reports woven into incidents and needs: which belong to what is known, which are new; all in bulk."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from server.access.context import Context
from server.closures import service as closures
from server.incidents import queries as incident_queries
from server.incidents import service as incidents
from server.incidents.rules import CLOSURE_KINDS
from server.incidents.service import IncidentFacts
from server.kernel.db import Conn
from server.kernel.events import NewEvent, emit_many
from server.needs import queries as need_queries
from server.needs import service as needs
from server.needs.service import NeedFacts
from server.places.queries import nearest_centres
from server.places.spots import Spot
from server.reports import asking, asking_queries, counting, joining, matching_queries
from server.reports import chain_queries as queries
from server.reports.deciding import Known, Subject, Woven, decide, key_of, link, question_of, sought_by
from server.reports.hearing import OnHeard
from server.reports.joining import Candidate, Kind
from server.reports.reading import RULES_VERSION
from server.reports.signatures import NO_SIGNATURE
from server.reports.understanding import Understood

OnNeeds = Callable[[Conn, Context, Sequence[UUID]], Awaitable[Any]]
_ROUNDS: Final = 4
_REMEMBERED: Final = 20_000
_KINDS: Final[tuple[Kind, ...]] = ("need", "incident")


class Gone(Exception):
    """Records that somebody closed between being found and being locked."""

    def __init__(self, ids: Iterable[UUID]) -> None:
        super().__init__("gone")
        self.ids = set(ids)


class Points:
    """Exact points of needs that were opened lately, in this process's memory alone."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._known = ctx, dict[UUID, tuple[bytes, tuple[float, float] | None]]()

    def of(self, row: DictRow) -> Spot:
        """Where a candidate row of `needs` exactly is."""
        sealed = row["geom_exact_sealed"]
        if sealed is None:
            return Spot(row["place_id"], row["lon"], row["lat"], row["accuracy_m"])
        known = self._known.get(row["id"])
        if known is None or known[0] != sealed:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = (sealed, needs.opened_point(self._ctx, row["id"], row["data_key_wrapped"], sealed))
            self._known[row["id"]] = known
        lon, lat = known[1] or (None, None)
        return Spot(row["place_id"], lon, lat, row["accuracy_m"])


class Weaver:
    """Weaves batches; keep one a process, for its memory of points."""

    def __init__(self, ctx: Context, on_needs: Sequence[OnNeeds] = (), on_heard: Sequence[OnHeard] = ()) -> None:
        self.ctx, self.on_needs, self.points = ctx, tuple(on_needs), Points(ctx)
        self.on_heard = tuple(on_heard)

    async def weave(self, conn: Conn, reports: Sequence[Understood], at: datetime) -> None:
        """Everything that follows from these reports, in the transaction that holds their emergencies' locks."""
        located = [r for r in reports if r.emergency_id is not None]
        gone: set[UUID] = set()
        own = await self._own(conn, located, at)
        for _ in range(_ROUNDS):
            known = await self._candidates(conn, located, own, gone)
            woven = await self._decide(conn, located, known)
            try:
                rows = await _lock(conn, woven)
                break
            except Gone as late:
                gone |= late.ids
        else:
            raise RuntimeError("records keep vanishing")
        await queries.insert_readings(conn, [(r.id, r.reading) for r in reports if not r.stored], RULES_VERSION)
        await self._write(conn, woven, rows, at)
        await matching_queries.put_marks(conn, woven.marks)
        await asking_queries.put(conn, asking.rows_of(woven.asked))
        closed = await _close(conn, [r for r in located if r.closing], own)
        await self._tell(conn, reports, woven, closed)
        touched = [s.id for s in woven.subjects.values() if s.kind == "need"] + list(closed)
        await self.follow(conn, touched)
        heard = [r.heard for r in reports]
        for answer in self.on_heard:
            await self.follow(conn, await answer(conn, self.ctx, heard))

    async def _decide(self, conn: Conn, reports: Sequence[Understood], known: Known) -> Woven:
        """Decide, and once more where people have already answered what would be asked."""
        known.apart = {
            (r["report_id"], r["other_id"]) for r in await asking_queries.apart(conn, [r.id for r in reports])
        }
        woven = decide(reports, known.fork())
        if not woven.asked:
            return woven
        ruled = await asking_queries.decided(conn, {a.other for a in woven.asked})
        known.rulings = {(r["other_id"], bytes(r["alike"])): r["state"] for r in ruled}
        return decide(reports, known) if known.rulings else woven

    async def follow(self, conn: Conn, needs_changed: Sequence[UUID]) -> None:
        """Let tasks follow the needs that changed."""
        for hook in self.on_needs if needs_changed else ():
            await hook(conn, self.ctx, list(dict.fromkeys(needs_changed)))

    async def _own(self, conn: Conn, reports: Sequence[Understood], at: datetime) -> dict[bytes, list[DictRow]]:
        """What the senders have lately spoken of before."""
        senders = {r.sender for r in reports if r.sender and (r.closing or r.finds or joining.goes_on(r.reading))}
        found: dict[bytes, list[DictRow]] = {}
        for row in await queries.own_subjects(conn, sorted(senders), at):
            found.setdefault(bytes(row["sender_hash"]), []).append(row)
        return found

    async def _candidates(
        self, conn: Conn, reports: Sequence[Understood], own: Mapping[bytes, Sequence[DictRow]], gone: set[UUID]
    ) -> Known:
        found: list[tuple[Kind, UUID, str, DictRow]] = []
        for kind in _KINDS:
            finds = [(r, f) for r in reports for f in r.finds if f.kind == kind]
            asked: dict[tuple[Any, ...], dict[str, Any]] = {}
            for report, find in finds:
                if report.spot.located:
                    asked.setdefault(key_of(report, find), question_of(report, find))
            spots = list(asked.values())
            table = need_queries if kind == "need" else incident_queries
            for row in await table.candidates(conn, spots):
                question = spots[row["n"]]
                found.append((kind, question["emergency_id"], question["category"], row))
            sought = dict.fromkeys(s for r, f in finds for s in sought_by(r, f))
            known_by = set(await matching_queries.marked(conn, list(sought))) - {row["id"] for *_, row in found}
            more = await table.candidates_of(conn, list(known_by)) if known_by else []
            found += [(kind, row["emergency_id"], row["category"], row) for row in more]
        signatures = await matching_queries.signatures(conn, {row["id"] for *_, row in found})
        known = Known(own, gone)
        for kind, emergency, category, row in found:
            spot = (
                self.points.of(row)
                if kind == "need"
                else Spot(row["place_id"], row["lon"], row["lat"], row["accuracy_m"])
            )
            candidate = Candidate(
                row["id"],
                spot,
                row["last_reported_at"],
                signature=signatures.get(row["id"], NO_SIGNATURE),
                refuted=row["refuted"],
            )
            known.add(kind, emergency, category, candidate)
        return known

    async def _write(self, conn: Conn, woven: Woven, rows: Mapping[UUID, DictRow], at: datetime) -> None:
        await incidents.create(
            conn,
            [
                IncidentFacts(s.id, s.emergency_id, s.category, joining.tally_of(s.voices), s.spot)
                for s in woven.of("incident", new=True)
            ],
        )
        await needs.create(
            conn,
            self.ctx,
            [
                NeedFacts(s.id, s.emergency_id, s.category, joining.tally_of(s.voices), s.spot, s.incident_id)
                for s in woven.of("need", new=True)
            ],
            at,
        )
        made = {s.id for s in woven.subjects.values() if s.new}
        tallies = await counting.joined(conn, await queries.insert_links(conn, woven.links), made)
        known_incidents, known_needs = woven.of("incident", new=False), woven.of("need", new=False)
        # A report read again may say nothing new of a record: its old link stands.
        for kind in _KINDS:
            if rest := [s.id for s in woven.of(kind, new=False) if s.id not in tallies]:
                tallies |= await counting.anew(conn, kind, rest)
        if known_incidents:
            await incidents.retell(
                conn,
                rows,
                [
                    IncidentFacts(
                        s.id, s.emergency_id, rows[s.id]["category"], tallies[s.id], s.spot if s.moved else None
                    )
                    for s in known_incidents
                ],
            )
        if known_needs:
            await needs.retell(
                conn,
                self.ctx,
                rows,
                [
                    NeedFacts(
                        s.id,
                        s.emergency_id,
                        rows[s.id]["category"],
                        tallies[s.id],
                        s.spot if s.moved else None,
                        s.incident_id,
                    )
                    for s in known_needs
                ],
                at,
            )
        closing = [s.id for s in woven.subjects.values() if s.kind == "incident" and s.category in CLOSURE_KINDS]
        if closing:
            await closures.follow(conn, closing)

    async def _tell(
        self, conn: Conn, reports: Sequence[Understood], woven: Woven, closed: Mapping[UUID, "Closed"]
    ) -> None:
        """Mark the reports as read and put down every event, each with the centre that is nearest to it."""
        await queries.mark_read(conn, [(r.id, r.emergency_id is not None, *_named_point(r)) for r in reports])
        subjects = list(woven.subjects.values())
        asked = {a.subject.id for a in woven.asked}
        spots = [s.spot for s in subjects] + [r.spot for r in reports]
        centres = await nearest_centres(conn, [spot.point for spot in spots])
        events = [
            NewEvent(
                f"{s.kind}.{'created' if s.new else 'changed'}",
                s.kind,
                s.id,
                s.emergency_id,
                centre_id=centre,
                data=_told(s, asked=s.id in asked),
            )
            for s, centre in zip(subjects, centres, strict=False)
        ]
        events += [
            NewEvent(
                "need.changed",
                "need",
                need,
                c.emergency_id,
                data={"fields": ["status"], "status": "met"} if c.met else {"proposal": "met"},
            )
            for need, c in closed.items()
        ]
        for report, centre in zip(reports, centres[len(subjects) :], strict=True):
            of_needs, of_incidents = woven.parts.get(report.id, (0, 0))
            events.append(
                NewEvent(
                    "report.read",
                    "report",
                    report.id,
                    report.emergency_id,
                    centre_id=centre,
                    data={"kind": report.reading["kind"], "needs": of_needs, "incidents": of_incidents},
                )
            )
        await emit_many(conn, events)


def _told(subject: Subject, *, asked: bool) -> dict[str, Any]:
    """What an event says of a record that a batch has made or changed."""
    if not subject.new:
        return {"joined": len(subject.voices)}
    return {"category": subject.category} | ({"proposal": "join"} if asked else {})


async def _lock(conn: Conn, woven: Woven) -> dict[UUID, DictRow]:
    """Lock the known records, incidents before needs, each in the order of their ids. Raises Gone for closed ones."""
    rows: dict[UUID, DictRow] = {}
    if known := woven.of("incident", new=False):
        rows |= {r["id"]: r for r in await incident_queries.lock(conn, [s.id for s in known])}
    if known := woven.of("need", new=False):
        rows |= {r["id"]: r for r in await need_queries.lock(conn, [s.id for s in known])}
    gone = {
        i
        for i, row in rows.items()
        if row["status"] not in {"open", "tasked"} or row["category"] != woven.subjects[i].category
    }
    if gone:
        raise Gone(gone)
    for subject in woven.subjects.values():
        row = rows.get(subject.id)
        if row is not None and not subject.spot.located and row["lon"] is not None:
            # Joined by its sender alone: its place was not looked up, and stays.
            subject.spot = Spot(row["place_id"], row["lon"], row["lat"], row["accuracy_m"])
    return rows


@dataclass(frozen=True, slots=True)
class Closed:
    """A need that a report says is over. `met`: it was marked so; else a person is asked."""

    emergency_id: UUID
    met: bool


async def _close(
    conn: Conn, reports: Sequence[Understood], own: Mapping[bytes, Sequence[DictRow]]
) -> dict[UUID, Closed]:
    """Reports that say a need is met: believed when the one voice of an untasked need says so, else proposed.

    A number is easily borrowed: nobody but the sole sender can take a need off the list, and nobody once a task runs.
    """
    spoken: dict[UUID, list[Understood]] = {}
    for report in reports:
        asked = {n["category"] for n in report.reading["needs"]}
        mine = [
            r
            for r in own.get(report.sender or b"", ())
            if r["need_id"] and (not asked or r["category"] in asked) and r["emergency_id"] == report.emergency_id
        ]
        for row in mine:
            spoken.setdefault(row["need_id"], []).append(report)
    if not spoken:
        return {}
    single = {r.id: sum(r in said for said in spoken.values()) == 1 for r in reports}
    closed: dict[UUID, Closed] = {}
    links = []
    for row in await need_queries.lock(conn, list(spoken)):
        said = [r for r in spoken[row["id"]] if r.spot.place_id in {None, row["place_id"]} or row["place_id"] is None]
        if not said or row["status"] not in {"open", "tasked"}:
            continue
        links += [link(r.id, "need", row["id"], "update", r.sender, {}, r.at) for r in said]
        met = (
            row["status"] == "open"
            and row["corroboration"] <= 1
            and not row["decided"]
            and any(single[r.id] for r in said)
        )
        closed[row["id"]] = Closed(row["emergency_id"], met)
    await queries.insert_links(conn, links)
    await need_queries.set_status(conn, [n for n, c in closed.items() if c.met], "met")
    return closed


def _named_point(report: Understood) -> tuple[float | None, float | None]:
    """Where a report without a point is shown: where its form was answered, blurred, or at the named place."""
    if report.shown:
        return report.shown
    place = report.reading["place"]
    return (place["lon"], place["lat"]) if place else (None, None)
