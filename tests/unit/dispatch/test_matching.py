"""Who for which task: barred only with a reason, ranked by points that add up, crews that suffice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.dispatch.fitting import REACH_KM
from server.dispatch.matching import (
    Bar,
    Candidate,
    Fit,
    Job,
    Squad,
    Trip,
    crew,
    crew_lacks,
    judge,
    members,
    next_for,
    rank,
    shortfalls,
)
from server.dispatch.shortfalls import House
from server.volunteers.skills import lacking

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)
HERE = (48.3558, 33.4878)
CENTRE = UUID(int=1)
SKILLS = ("first_aid", "rescue", "driving", "nursing", "midwifery", "logistics")


def someone(n: int = 1, **facts: Any) -> Candidate:
    where = {"lon": HERE[0], "lat": HERE[1]}
    base: dict[str, Any] = {"volunteer_id": UUID(int=100 + n), "code": f"V-{n:03}", "centre_id": CENTRE, **where}
    return Candidate(**{**base, **facts})


def a_job(**facts: Any) -> Job:
    base: dict[str, Any] = {
        "task_id": UUID(int=7),
        "code": "T-7",
        "centre_id": CENTRE,
        "kind": "medical",
        "created_at": NOW - timedelta(hours=1),
        "lon": HERE[0],
        "lat": HERE[1],
    }
    return Job(**{**base, **facts})


people = st.builds(
    lambda n, skills, languages, woman, vehicle, status, vetting, rest, silent, dx, held, claimed: someone(
        n,
        skills=skills,
        languages=languages,
        woman=woman,
        vehicle=vehicle,
        status=status,
        vetting=vetting,
        rest_until=NOW + timedelta(hours=rest) if rest else None,
        silent_at=NOW if silent else None,
        lon=None if dx is None else HERE[0] + dx,
        held=held,
        claimed=claimed,
    ),
    st.integers(1, 999),
    st.frozensets(st.sampled_from(SKILLS)),
    st.frozensets(st.sampled_from(("fa", "lrc", "ku"))),
    st.booleans(),
    st.sampled_from((None, "pickup", "bicycle")),
    st.sampled_from(("active", "active", "active", "resting", "away", "inactive")),
    st.sampled_from(("vetted", "vetted", "vetted", "pending", "refused")),
    st.sampled_from((None, None, -1, 2)),
    st.sampled_from((False, False, True)),
    st.sampled_from((None, 0.0, 0.1, 0.5, 1.0)),
    st.integers(0, 2),
    st.sampled_from((0, 0, 3)),
)
crowds = st.lists(people, max_size=9, unique_by=lambda who: who.volunteer_id)
jobs = st.builds(
    lambda skills, required, preferred, crew_min, women, urgency, languages, young: a_job(
        skills=tuple(skills),
        women_required=required and crew_min == 1,
        women_preferred=preferred and crew_min == 1,
        crew_min=crew_min,
        women_min=min(women, crew_min),
        urgency=urgency,
        languages=languages,
        created_at=NOW - timedelta(minutes=1 if young else 60),
    ),
    st.lists(st.sampled_from(SKILLS), max_size=2, unique=True),
    st.booleans(),
    st.booleans(),
    st.integers(1, 3),
    st.integers(0, 2),
    st.sampled_from(("life", "high", "normal")),
    st.frozensets(st.sampled_from(("lrc", "ku"))),
    st.booleans(),
)


@given(jobs, crowds)
def test_each_is_ranked_or_barred_and_points_are_the_sum_of_the_reasons(job: Job, crowd: list[Candidate]) -> None:
    found = rank(job, crowd, NOW)
    assert {w.volunteer_id for w, _ in found.fits} | {w.volunteer_id for w, _ in found.bars} == {
        w.volunteer_id for w in crowd
    }
    assert len(found.fits) + len(found.bars) == len(crowd)
    assert all(bar.codes for _, bar in found.bars)
    for _, fit in found.fits:
        assert fit.points == pytest.approx(sum(r["points"] for r in fit.reasons), abs=0.05)
    points = [fit.points for _, fit in found.fits]
    assert points == sorted(points, reverse=True)
    assert rank(job, reversed(crowd), NOW) == found


@given(jobs, crowds)
def test_nobody_goes_who_may_not(job: Job, crowd: list[Candidate]) -> None:
    for who, _ in rank(job, crowd, NOW).fits:
        assert (who.status, who.vetting, who.silent_at) == ("active", "vetted", None)
        assert who.rest_until is None or who.rest_until < NOW
        assert job.crew_min == 1
        assert not lacking(who.skills, job.skills)
        assert who.woman or not (job.women_required or job.women_min)


@given(jobs, crowds)
def test_a_task_has_somebody_or_says_what_it_lacks(job: Job, crowd: list[Candidate]) -> None:
    fits = rank(job, crowd, NOW).fits
    assert bool(fits) != bool(shortfalls(job, crowd, NOW))


@given(jobs, crowds)
def test_the_watch_looks_at_few_and_says_the_same(job: Job, crowd: list[Candidate]) -> None:
    there = [who for who in crowd if who.status != "inactive" and who.vetting != "refused"]
    house = House(CENTRE, *HERE, there)
    assert shortfalls(job, house.pool(job), NOW, house.trip) == shortfalls(job, there, NOW, house.trip)


@given(jobs, crowds)
def test_a_crew_suffices_and_is_found_whenever_there_is_one(job: Job, crowd: list[Candidate]) -> None:
    found = crew(job, crowd, NOW)
    free = [w for w, _ in members(job, crowd, NOW).fits if w.squad is None and not w.held]
    if found is None:
        assert crew_lacks(job, free)
        return
    assert not crew_lacks(job, found.members)
    assert found.leader == found.members[0]
    assert {w.volunteer_id for w in found.members} <= {w.volunteer_id for w in free}
    smallest = [c for c in combinations(free, job.crew_min) if not crew_lacks(job, c)]
    if smallest:
        assert len(found.members) == job.crew_min


@given(people, st.lists(jobs, max_size=6))
def test_a_life_comes_first_among_her_own_tasks(who: Candidate, several: list[Job]) -> None:
    life = [job.life for job, _ in next_for(who, several, NOW)]
    assert life == sorted(life, reverse=True)


def codes(found: Fit | Bar) -> set[str]:
    return {e["code"] for e in (found.reasons if isinstance(found, Fit) else found.codes)}


@pytest.mark.parametrize(
    ("who", "job", "code"),
    [
        ({"rest_until": LATER}, {}, "resting"),
        ({"vetting": "pending"}, {}, "not_vetted"),
        ({"silent_at": NOW}, {}, "silent"),
        ({"claimed": 3}, {}, "cap"),
        ({"lon": HERE[0] + 1}, {}, "too_far"),
        ({}, {"skills": ("midwifery",)}, "skills"),
        ({}, {"women_required": True}, "woman_required"),
        ({}, {"women_preferred": True, "created_at": NOW}, "women_first"),
        ({}, {"crew_min": 2}, "team_required"),
    ],
)
def test_why_not(who: dict[str, Any], job: dict[str, Any], code: str) -> None:
    found = judge(a_job(**job), someone(**who), NOW)
    assert isinstance(found, Bar)
    assert codes(found) == {code}


@pytest.mark.parametrize(
    ("better", "worse", "job"),
    [
        ({}, {"lon": HERE[0] + 0.2}, {}),
        ({"languages": frozenset({"lrc"})}, {}, {"languages": frozenset({"lrc"})}),
        ({}, {"held": 1}, {}),
        ({"on_duty_since": NOW - timedelta(hours=3), "idle_since": NOW - timedelta(hours=3)}, {}, {}),
        ({}, {"on_duty_since": NOW - timedelta(hours=11)}, {}),
        ({"woman": True}, {}, {"women_preferred": True}),
        ({"vehicle": "pickup"}, {}, {"kind": "delivery"}),
        ({}, {"skills": frozenset({"midwifery"})}, {"kind": "delivery"}),
        ({"skills": frozenset({"logistics"})}, {}, {"kind": "delivery", "skills": ("logistics",)}),
    ],
)
def test_what_weighs(better: dict[str, Any], worse: dict[str, Any], job: dict[str, Any]) -> None:
    # Codes that would put the worse one first if the two were equal.
    order = rank(a_job(**job), [someone(1, **worse), someone(2, **better)], NOW)
    assert [w.code for w, _ in order.fits] == ["V-002", "V-001"]


def test_who_asks_herself_is_not_silent() -> None:
    assert next_for(someone(silent_at=NOW), [a_job()], NOW)


def test_roads_take_the_place_of_the_straight_line() -> None:
    near, far = someone(1), someone(2, lon=HERE[0] + 0.1)

    def roads(who: Candidate, job: Job) -> Trip:
        return Trip(80.0, 90.0) if who.code == "V-001" else Trip(12.0, 15.0)

    assert [w.code for w, _ in rank(a_job(urgency="life"), [near, far], NOW, roads).fits] == ["V-002", "V-001"]


def test_a_team_takes_what_nobody_takes_alone() -> None:
    leader = someone(1)
    squad = Squad(UUID(int=50), "G-1", leader.volunteer_id, 3, 1, frozenset({"rescue"}))
    job = a_job(kind="rescue", skills=("rescue",), crew_min=2, women_min=1)
    assert isinstance(judge(job, replace(leader, squad=squad), NOW), Fit)
    assert isinstance(judge(job, replace(someone(2), squad=squad), NOW), Bar)
    assert isinstance(judge(job, replace(leader, squad=replace(squad, women=0)), NOW), Bar)


def test_shortfalls_name_what_is_missing() -> None:
    job = a_job(skills=("midwifery",))
    midwife = someone(9, skills=frozenset({"midwifery"}), woman=True)
    assert shortfalls(job, [], NOW) == [{"code": "nobody", "km": REACH_KM}]
    assert shortfalls(job, [someone()], NOW) == [{"code": "no_skill", "skill": "midwifery", "km": REACH_KM}]
    (far,) = shortfalls(job, [someone(), replace(midwife, lon=HERE[0] + 1)], NOW)
    assert (far["code"], far["nearest_km"]) == ("skill_far", 93)
    rests = [replace(midwife, rest_until=LATER), replace(someone(8), skills=midwife.skills, status="away")]
    assert [(e["code"], e["n"]) for e in shortfalls(job, rests, NOW)] == [("resting", 1), ("away", 1)]
    of_women = a_job(women_required=True)
    assert [e["code"] for e in shortfalls(of_women, [someone()], NOW)] == ["no_woman"]


def test_two_teams_resting_until_two() -> None:
    job = a_job(kind="rescue", crew_min=2)
    teams = [Squad(UUID(int=50 + t), f"G-{t}", UUID(int=100 + 10 * t), 0, 0) for t in (1, 2)]
    crowd = [someone(10 * t.id.int + n, squad=t, rest_until=LATER) for t in teams for n in range(2)]
    found = shortfalls(job, crowd, NOW)
    assert {"code": "teams_resting", "n": 2, "until": LATER.isoformat()} in found
    assert shortfalls(job, [someone(1), someone(2)], NOW) == [{"code": "team_to_form", "people": 2, "women": 0}]
