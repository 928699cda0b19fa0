"""Who should go, who should not, and what is lacking: rules that hold for any people and any task."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from server.dispatch import matching
from server.dispatch.matching import Bar, Candidate, Fit, Job
from server.dispatch.reasons import BARS, REASONS, SHORTFALLS, say
from server.volunteers.skills import HELPFUL, SKILLS, covered

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
CENTRE = UUID(int=1)
HERE = (48.36, 33.49)
ids = st.integers(1, 10**9).map(lambda n: UUID(int=n))
skills = st.frozensets(st.sampled_from(sorted(SKILLS)), max_size=4)
places = st.none() | st.tuples(st.floats(46, 50), st.floats(32, 35))


@st.composite
def people(draw: st.DrawFn) -> list[Candidate]:
    found = draw(
        st.lists(
            st.builds(
                Candidate,
                volunteer_id=ids,
                code=st.text("ABCDEFG", min_size=3, max_size=6),
                centre_id=st.just(CENTRE),
                skills=skills,
                languages=st.frozensets(st.sampled_from(["fa", "lrc", "ku"])),
                gender=st.sampled_from(["woman", "man", None]),
                vehicle=st.sampled_from([None, "pickup"]),
                at=places,
                held=st.integers(0, 4),
                duty_h=st.floats(0, 20),
                rest_until=st.none() | st.integers(-5, 5).map(lambda h: NOW + timedelta(hours=h)),
                status=st.sampled_from(["active", "active", "active", "away"]),
                vetting=st.sampled_from(["vetted", "vetted", "pending"]),
                silent=st.booleans(),
                answered_no=st.booleans(),
            ),
            max_size=12,
        )
    )
    return list({one.volunteer_id: one for one in found}.values())


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    crew = draw(st.integers(1, 3))
    return Job(
        draw(ids),
        CENTRE,
        draw(st.sampled_from(["delivery", "medical", "rescue"])),
        tuple(sorted(draw(skills))[:2]),
        frozenset({"lrc"}),
        women_required=crew == 1 and draw(st.booleans()),
        women_preferred=draw(st.booleans()),
        crew_min=crew,
        women_min=draw(st.integers(0, crew)),
        at=draw(places),
    )


@given(jobs(), people())
def test_nobody_is_proposed_against_a_rule_and_everybody_is_explained(job: Job, found: list[Candidate]) -> None:
    ranking = matching.rank(job, found, NOW)
    assert len(ranking.fits) + len(ranking.bars) == len(found)
    points = [fit.points for _, fit in ranking.fits]
    assert points == sorted(points, reverse=True)
    for person, fit in ranking.fits:
        assert round(sum(r["points"] for r in fit.reasons), 1) == fit.points
        assert job.crew_min == 1
        assert person.status == "active"
        assert person.vetting == "vetted"
        assert person.rest_until is None or person.rest_until <= NOW
        assert not job.women_required or person.gender == "woman"
        assert set(job.skills) - HELPFUL <= covered(person.skills)
        assert {r["code"] for r in fit.reasons} <= set(REASONS)
    for _, bar in ranking.bars:
        assert bar.codes
        assert {b["code"] for b in bar.codes} <= set(BARS)


@given(jobs(), people())
def test_either_somebody_can_go_or_it_is_said_what_is_lacking(job: Job, found: list[Candidate]) -> None:
    lacking = matching.shortfalls(job, found, NOW)
    alone = bool(matching.rank(job, found, NOW).fits)
    can = alone if job.crew_min == 1 else matching.crew(job, found, NOW) is not None
    assert bool(lacking) != can
    for entry in lacking:
        assert entry["code"] in SHORTFALLS
        for lang in ("fa", "en"):
            assert "{" not in say(entry, lang, SHORTFALLS)


@given(jobs(), people())
def test_a_team_keeps_every_rule(job: Job, found: list[Candidate]) -> None:
    crew = matching.crew(job, found, NOW)
    if crew is None:
        return
    assert crew.leader in crew.members
    assert len({p.volunteer_id for p in crew.members}) == len(crew.members) >= job.crew_min
    assert sum(p.gender == "woman" for p in crew.members) >= job.women_min
    assert set(job.skills) - HELPFUL <= set().union(*(covered(p.skills) for p in crew.members))
    assert all(not matching.absent(p, NOW) for p in crew.members)


def who(code: str, **more: object) -> Candidate:
    return Candidate(UUID(bytes=code.ljust(16).encode()), code, CENTRE, at=HERE, **more)  # type: ignore[arg-type]


def test_the_near_the_rested_and_those_who_speak_come_first() -> None:
    job = Job(UUID(int=7), CENTRE, "delivery", ("logistics",), frozenset({"lrc"}), at=HERE)
    far = Candidate(UUID(int=9), "far", CENTRE, at=(HERE[0] + 0.3, HERE[1]))
    order = [
        who("busy", held=2),
        who("tired", duty_h=13),
        who("plain"),
        who("speaks", languages=frozenset({"lrc"})),
        far,
    ]
    assert [p.code for p, _ in matching.rank(job, order, NOW).fits] == ["speaks", "plain", "far", "tired", "busy"]


def test_a_midwife_counts_as_first_aid_and_not_the_other_way_round() -> None:
    midwife, helper = who("m", skills=frozenset({"midwifery"})), who("h", skills=frozenset({"first_aid"}))
    assert isinstance(matching.judge(Job(UUID(int=1), CENTRE, "medical", ("first_aid",)), midwife, NOW), Fit)
    assert isinstance(matching.judge(Job(UUID(int=1), CENTRE, "medical", ("midwifery",)), helper, NOW), Bar)


def test_what_is_lacking_is_said_in_words() -> None:
    job = Job(UUID(int=1), CENTRE, "medical", ("midwifery",), at=HERE)
    (none,) = matching.shortfalls(job, [who("h")], NOW)
    assert say(none, "en", SHORTFALLS) == "Midwifery: nobody within 60 km"
    assert say(none, "fa", SHORTFALLS) == "مامایی: کسی تا ۶۰ کیلومتری نیست"
    back = NOW + timedelta(hours=4, minutes=30)
    resting = [who(c, skills=frozenset({"midwifery"}), rest_until=back) for c in "ab"]
    (tired,) = matching.shortfalls(job, resting, NOW)
    assert say(tired, "en", SHORTFALLS) == "2 (Midwifery) resting until 14:00"


def test_the_next_task_is_the_pressing_one_unless_another_suits_much_better() -> None:
    near = Job(UUID(int=1), CENTRE, "delivery", rank=20, at=HERE)
    far = Job(UUID(int=2), CENTRE, "delivery", rank=25, at=(HERE[0] + 0.4, HERE[1]))
    life = Job(UUID(int=3), CENTRE, "rescue", rank=110, at=(HERE[0] + 0.4, HERE[1]))
    order = [job for job, _ in matching.next_for(who("a"), [near, far, life], NOW)]
    assert order == [life, near, far]
