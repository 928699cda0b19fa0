"""An eye of its own on tasks and leases: no line of dispatch is imported, every question is plain SQL.

`Checker.look()` is made every second, while all else goes wrong; `history()` at the end, with what everybody was told.
Both give the faults that they found, in words.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

HELD = ("claimed", "accepted", "en_route", "escalated")
LEASED = ("claimed", "accepted", "en_route")

_OPEN = """
SELECT t.id::text, t.state, t.fence, t.holder_id::text AS holder, t.lease_until IS NULL AS no_lease,
  coalesce(extract(epoch FROM clock_timestamp() - t.lease_until), 0)::float8 AS overdue_s,
  count(l.id) AS live, count(l.id) FILTER (WHERE l.fence = t.fence AND l.volunteer_id = t.holder_id) AS right_ones
FROM tasks t LEFT JOIN leases l ON l.task_id = t.id AND l.ended_at IS NULL
WHERE t.state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated') GROUP BY t.id
"""
_STRAY = """
SELECT l.task_id::text AS id, t.state, l.fence FROM leases l JOIN tasks t ON t.id = l.task_id
WHERE l.ended_at IS NULL AND t.state NOT IN ('claimed', 'accepted', 'en_route', 'escalated')
"""
_STATES = "SELECT state, count(*) AS n FROM tasks GROUP BY state"
_STALE_OFFERS = """
SELECT count(*) AS n, coalesce(max(extract(epoch FROM clock_timestamp() - expires_at)), 0)::float8 AS s
FROM offers WHERE answered_at IS NULL AND expires_at < clock_timestamp()
"""


class Checker:
    """`grace_s`: so long a lease may be over before the watch has seen it (it is killed now and then)."""

    def __init__(self, dsn: str, *, grace_s: float) -> None:
        self.dsn, self.grace_s = dsn, grace_s
        self.looks = self.missed = 0
        self.longest_overdue_s = self.longest_offer_s = 0.0
        self._conn: psycopg.Connection[dict[str, Any]] | None = None
        self._before: dict[str, tuple[int, str, str | None]] = {}

    def _rows(self, *queries: str) -> list[list[dict[str, Any]]]:
        """All of them in one snapshot."""
        if self._conn is None or self._conn.closed:
            self._conn = psycopg.connect(self.dsn, row_factory=dict_row)
            self._conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._conn.read_only = True
        with self._conn.transaction():
            return [self._conn.execute(query).fetchall() for query in queries]

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()

    def about(self, fault: str) -> list[str]:
        """All that is on record of the task that a fault names, line by line: what a person needs to understand it."""
        found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", fault)
        if found is None:
            return []
        task = found.group()
        tables = self._rows(
            f"SELECT 'task' AS what, t.* FROM tasks t WHERE id = '{task}'",
            f"SELECT 'lease' AS what, l.* FROM leases l WHERE task_id = '{task}' ORDER BY fence",
            f"SELECT 'offer' AS what, o.id, o.kind, o.volunteer_id, o.fence, o.answer, o.made_at, o.answered_at"
            f" FROM offers o WHERE task_id = '{task}' ORDER BY made_at",
            f"SELECT 'evidence' AS what, e.fence, e.verb, e.late FROM evidence e WHERE task_id = '{task}'",
            f"SELECT 'event' AS what, at, verb, actor, data FROM events WHERE subject_id = '{task}' ORDER BY seq",
            f"SELECT 'unsealed' AS what, at, verb, actor, data FROM events_unsealed WHERE subject_id = '{task}'"
            " ORDER BY id",
        )
        return [str({k: str(v) for k, v in row.items() if v is not None}) for rows in tables for row in rows]

    def look(self, made: int) -> list[str]:
        """What is wrong now. `made`: so many tasks were there at least before this look."""
        try:
            rows, stray, states, offers = self._rows(_OPEN, _STRAY, _STATES, _STALE_OFFERS)
        except psycopg.OperationalError:
            self.missed += 1
            self.close()
            return []
        self.looks += 1
        self.longest_offer_s = max(self.longest_offer_s, offers[0]["s"])
        faults = [f"live lease of a task that is {r['state']}: {r['id']} fence {r['fence']}" for r in stray]
        if (there := sum(r["n"] for r in states)) < made:
            faults.append(f"tasks are gone: {there} of {made}")
        if offers[0]["s"] > self.grace_s:
            faults.append(f"an offer waits {offers[0]['s']:.0f} s after its time")
        for row in rows:
            faults += [f"{why}: {row}" for why in self._task(row)]
        self._before = {r["id"]: (r["fence"], r["state"], r["holder"]) for r in rows}
        return faults

    def _task(self, row: Mapping[str, Any]) -> Iterable[str]:
        if row["state"] == "queued":
            if row["holder"] or not row["no_lease"] or row["live"]:
                yield "queued and held"
        elif row["live"] != 1 or row["right_ones"] != 1:
            yield "held, but not by one live lease under its fence"
        if row["state"] in LEASED:
            self.longest_overdue_s = max(self.longest_overdue_s, row["overdue_s"])
            if row["no_lease"] or row["overdue_s"] > self.grace_s:
                yield "neither leased nor seen to"
        fence, state, holder = self._before.get(row["id"], (0, "queued", None))
        if row["fence"] < fence:
            yield f"its fence fell from {fence}"
        if row["fence"] == fence and state in HELD and row["state"] in HELD and holder != row["holder"]:
            yield f"another holder under the same fence, before {holder}"

    def history(self, said: Iterable[Mapping[str, Any]]) -> list[str]:
        """What is wrong with what happened. `said`: each answer that a volunteer got."""
        leases, tasks, evidence, events = self._rows(
            "SELECT task_id::text AS id, fence, volunteer_id::text AS who, ended_at IS NOT NULL AS over, end_reason"
            " FROM leases ORDER BY task_id, fence",
            "SELECT id::text, state, fence FROM tasks",
            "SELECT task_id::text AS id, fence, verb, late FROM evidence",
            "SELECT verb, count(*) AS n, count(DISTINCT subject_id) AS of, count(*) FILTER (WHERE coalesce(data->>'to',"
            " '') <> '') AS given FROM (SELECT verb, subject_id, data FROM events UNION ALL"
            " SELECT verb, subject_id, data FROM events_unsealed) e GROUP BY verb",
        )
        by_fence = {(r["id"], r["fence"]): r for r in leases}
        faults = _of_leases(leases, tasks)
        done = sum(t["state"] == "done" for t in tasks)
        told = defaultdict(lambda: {"n": 0, "of": 0, "given": 0}, {e["verb"]: e for e in events})
        if not told["task.completed"]["n"] == told["task.completed"]["of"] == done:
            faults.append(f"{done} tasks are done, of which events tell {told['task.completed']}")
        if (n := told["task.claimed"]["n"] + told["task.reassigned"]["given"]) != len(leases):
            faults.append(f"{len(leases)} leases, of which events tell {n}")
        return faults + _of_words(said, by_fence, {(e["id"], e["fence"], e["verb"]) for e in evidence})


def _of_leases(leases: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> list[str]:
    faults = []
    of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for lease in leases:
        of[lease["id"]].append(lease)
    for task in tasks:
        own = of[task["id"]]
        if any(not lease["over"] for lease in own[:-1]):
            faults.append(f"two holders at once: {task['id']}")
        if own and own[-1]["fence"] > task["fence"]:
            faults.append(f"a lease beyond the fence: {task['id']}")
        ends = Counter(lease["end_reason"] for lease in own)
        if ends["completed"] != (task["state"] == "done"):
            faults.append(f"{task['state']}, completed {ends['completed']} times: {task['id']}")
        if ends["completed"] and own[-1]["end_reason"] != "completed":
            faults.append(f"held again after it was done: {task['id']}")
    return faults


def _of_words(
    said: Iterable[Mapping[str, Any]],
    leases: Mapping[tuple[str, int], Mapping[str, Any]],
    evidence: set[tuple[str, int, str]],
) -> list[str]:
    """Whatever somebody was told is so."""
    faults = []
    finished: dict[str, tuple[int, str]] = {}
    for word in said:
        for task, fence in word["got"]:
            lease = leases.get((task, fence))
            if lease is None or lease["who"] != word["volunteer"]:
                faults.append(f"told that she holds it, and she does not: {task} fence {fence}")
        if word["call"] in {"claim", "take", "hand_over"}:
            continue
        task, fence = word["task"], word["fence"]
        lease = leases.get((task, fence), {"who": None, "end_reason": None})
        if word["kept"] and (task, fence, word["call"]) not in evidence:
            faults.append(f"told that her late words are kept, and they are not: {task} fence {fence}")
        if word["status"] != 200:
            continue
        if lease["who"] != word["volunteer"]:
            faults.append(f"she may {word['call']} without a lease: {task} fence {fence}")
        if word["state"] in {"accepted", "en_route"} and lease["end_reason"] == "expired":
            faults.append(f"accepted, and taken from her by the clock: {task} fence {fence}")
        if word["call"] == "complete":
            if lease["end_reason"] != "completed":
                faults.append(f"told that it is done, and it is not: {task} fence {fence}")
            if finished.setdefault(task, (fence, word["volunteer"])) != (fence, word["volunteer"]):
                faults.append(f"finished by two: {task}")
    return faults
