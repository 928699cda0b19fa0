"""Claims: each task held once, whoever asks how many at once."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest

from server.dispatch import rules
from server.dispatch.claiming import ClaimRequest, Claims
from server.dispatch.routes import router
from server.dispatch.sweep import sweep
from server.kernel.errors import Problem
from server.kernel.ids import new_code, uuid7
from tests.support.dispatch_world import World, a_client, an_app


async def assert_sound(world: World, tasks: int) -> None:
    """Every task held at most once, every lease with its own fence, nothing forgotten."""
    held = await world.run(
        "SELECT t.id, t.state, t.fence, t.holder_id, l.fence AS lease, l.volunteer_id"
        " FROM tasks t"
        " LEFT JOIN leases l ON l.task_id = t.id AND l.ended_at IS NULL"
    )
    assert len(held) == tasks
    for row in held:
        if row["state"] in rules.HELD:
            assert (row["lease"], row["volunteer_id"]) == (row["fence"], row["holder_id"])
        else:
            assert row["lease"] is None
    doubled = await world.run("SELECT task_id, fence FROM leases GROUP BY 1, 2 HAVING count(*) > 1")
    assert not doubled
    gaps = await world.run(
        "SELECT t.id FROM tasks t JOIN leases l ON l.task_id = t.id GROUP BY t.id, t.fence"
        " HAVING max(l.fence) <> t.fence"
    )
    assert not gaps


async def test_64_claimers_5000_tasks_each_held_once(world: World) -> None:
    queue = await world.queue()
    await world.tasks(5000, queue=queue)
    people = await world.volunteers(64)
    # Two batchers stand for two web processes: they share nothing but the database.
    processes = [Claims(world.ctx), Claims(world.ctx)]
    got: list[tuple[str, int]] = []

    async def claimer(n: int) -> None:
        while True:
            answer = await processes[n % 2].claim(ClaimRequest(queue, people[n], 1 + n % 7, "test"))
            if not answer["tasks"]:
                return
            got.extend((t["id"], t["fence"]) for t in answer["tasks"])
            assert {t["holder"] for t in answer["tasks"]} == {str(people[n])}

    await asyncio.gather(*(claimer(n) for n in range(64)))
    assert len(got) == 5000
    assert max(Counter(task for task, _ in got).values()) == 1
    assert {fence for _, fence in got} == {1}
    assert await world.one("SELECT count(*) FROM leases WHERE ended_at IS NULL") == 5000
    assert await world.one("SELECT count(*) FROM events_unsealed WHERE verb = 'task.claimed'") == 5000
    await assert_sound(world, 5000)


async def test_best_first_and_the_longest_waiting_before_the_later(world: World) -> None:
    queue = await world.queue()
    tasks = await world.tasks(5, queue=queue)
    (person,) = await world.volunteers(1)
    claims = Claims(world.ctx)
    order = [(await claims.claim(ClaimRequest(queue, person, 1, "test")))["tasks"][0]["id"] for _ in range(5)]
    assert order == [str(t) for t in tasks]


async def test_same_key_same_tasks_also_in_one_batch(world: World) -> None:
    queue = await world.queue()
    await world.tasks(10, queue=queue)
    (person,) = await world.volunteers(1)
    claims = [Claims(world.ctx), Claims(world.ctx)]
    request = ClaimRequest(queue, person, 2, "test", scope="claim:x", key="k1", request_hash=b"h" * 32)
    answers = await asyncio.gather(*(claims[n % 2].claim(request) for n in range(8)))
    assert all(a == answers[0] for a in answers)
    assert len(answers[0]["tasks"]) == 2
    assert await world.one("SELECT count(*) FROM tasks WHERE state = 'claimed'") == 2
    other = ClaimRequest(queue, person, 3, "test", scope="claim:x", key="k1", request_hash=b"o" * 32)
    with pytest.raises(Exception, match=r"idempotency\.reused"):
        await claims[0].claim(other)


async def test_an_empty_answer_is_not_remembered(world: World) -> None:
    queue = await world.queue()
    (person,) = await world.volunteers(1)
    claims = Claims(world.ctx)
    request = ClaimRequest(queue, person, 1, "test", scope="claim:x", key="k", request_hash=b"h" * 32)
    assert (await claims.claim(request)) == {"tasks": []}
    await world.tasks(1, queue=queue)
    assert len((await claims.claim(request))["tasks"]) == 1


async def test_cap_counts_what_is_not_accepted_also_from_two_processes(world: World) -> None:
    queue = await world.queue()
    await world.tasks(20, queue=queue)
    (person,) = await world.volunteers(1)
    claims = [Claims(world.ctx, cap=3), Claims(world.ctx, cap=3)]
    answers = await asyncio.gather(
        *(claims[n % 2].claim(ClaimRequest(queue, person, 1, "test")) for n in range(10)),
        return_exceptions=True,
    )
    refused = [a for a in answers if isinstance(a, Exception)]
    assert await world.one("SELECT count(*) FROM tasks WHERE holder_id = %s", person) == 3
    assert len(refused) == 7
    assert {str(r) for r in refused} == {"claim.cap"}


async def test_one_bad_request_does_not_take_the_batch_down(world: World) -> None:
    queue = await world.queue()
    await world.tasks(4, queue=queue)
    people = await world.volunteers(3)
    await world.run("UPDATE volunteers SET status = 'resting' WHERE id = %s", people[1])
    claims = Claims(world.ctx)
    asked = [
        ClaimRequest(queue, people[0], 1, "t"),
        ClaimRequest(queue, people[1], 1, "t"),
        ClaimRequest(queue, world.emergency, 1, "t"),
        ClaimRequest(world.emergency, people[2], 1, "t"),
        ClaimRequest(queue, people[2], 1, "t"),
    ]
    answers = await asyncio.gather(*(claims.claim(a) for a in asked), return_exceptions=True)
    assert [str(a) if isinstance(a, Exception) else len(a["tasks"]) for a in answers] == [
        1,
        "volunteer.not_active",
        "not_found",
        0,
        1,
    ]


async def test_women_are_served_by_women(world: World) -> None:
    queue = await world.queue("protection")
    required = await world.tasks(1, queue=queue, kind="protection", women_required=True)
    preferred = await world.tasks(1, queue=queue, kind="protection", women_preferred=True)
    (man,), (woman,) = await world.volunteers(1, gender="man"), await world.volunteers(1, gender="woman")
    claims = Claims(world.ctx)
    assert (await claims.claim(ClaimRequest(queue, man, 5, "t")))["tasks"] == []
    await world.run("UPDATE tasks SET created_at = created_at - make_interval(secs => %s)", rules.WOMEN_FIRST_S + 1)
    got = (await claims.claim(ClaimRequest(queue, man, 5, "t")))["tasks"]
    assert [t["id"] for t in got] == [str(preferred[0])]
    got = (await claims.claim(ClaimRequest(queue, woman, 5, "t")))["tasks"]
    assert [t["id"] for t in got] == [str(required[0])]


async def test_a_man_and_a_woman_in_one_batch_never_get_the_same(world: World) -> None:
    queue = await world.queue()
    await world.tasks(30, queue=queue)
    (man,), (woman,) = await world.volunteers(1, gender="man"), await world.volunteers(1, gender="woman")
    claims = Claims(world.ctx)
    answers = await asyncio.gather(*(claims.claim(ClaimRequest(queue, p, 3, "t")) for p in (man, woman) * 4))
    ids = [t["id"] for a in answers for t in a["tasks"]]
    assert len(ids) == len(set(ids)) == 24


async def test_skills_filter(world: World) -> None:
    queue = await world.queue("medical")
    (needs_first_aid,) = await world.tasks(1, queue=queue, kind="medical", skills=["first_aid"])
    (person,) = await world.volunteers(1)
    claims = Claims(world.ctx)
    assert (await claims.claim(ClaimRequest(queue, person, 5, "t", skills=("driver",))))["tasks"] == []
    got = await claims.claim(ClaimRequest(queue, person, 5, "t", skills=("driver", "medic")))
    assert [t["id"] for t in got["tasks"]] == [str(needs_first_aid)]


async def test_http_claim_group_commit_and_who_may(world: World) -> None:
    queue = await world.queue()
    await world.tasks(200, queue=queue)
    people = await world.volunteers(33)
    tokens = [await world.token("volunteer", volunteer=p) for p in people]
    url = f"/api/queues/{queue}/claim"
    async with a_client(an_app(world.ctx, router)) as http:
        answers = await asyncio.gather(
            *(http.post(url, json={"max": 2}, headers={**t, "Idempotency-Key": "a"}) for t in tokens[:32])
        )
        assert {a.status_code for a in answers} == {200}
        ids = [t["id"] for a in answers for t in a.json()["tasks"]]
        assert len(ids) == len(set(ids)) == 64
        # Group commit: 32 requests took far fewer transactions than one each (a transaction's rows share
        # xmin).
        assert await world.one("SELECT count(DISTINCT xmin::text) FROM leases") <= 16
        again = await asyncio.gather(
            *(http.post(url, json={"max": 2}, headers={**t, "Idempotency-Key": "a"}) for t in tokens[:32])
        )
        assert [a.json() for a in again] == [a.json() for a in answers]

        other = await http.post(url, json={"volunteer": str(people[1])}, headers=tokens[0])
        assert (other.status_code, other.json()["code"]) == (403, "claim.other_volunteer")
        own = await http.post(url, json={"volunteer": str(people[32])}, headers=tokens[32])
        assert len(own.json()["tasks"]) == 1
        capped = [await http.post(url, json={}, headers=tokens[32]) for _ in range(3)]
        assert [c.status_code for c in capped] == [200, 200, 409]
        assert capped[2].json()["code"] == "claim.cap"

        dispatcher = await world.token("dispatcher", centre=world.centres[0])
        stranger = await world.token("dispatcher", centre=world.centres[1])
        nobody = await http.post(url, json={}, headers=dispatcher)
        assert (nobody.status_code, nobody.json()["code"]) == (422, "claim.who")
        fresh = (await world.volunteers(1))[0]
        assert len((await http.post(url, json={"volunteer": str(fresh)}, headers=dispatcher)).json()["tasks"]) == 1
        away = (await world.volunteers(1, centre=1))[0]
        assert (await http.post(url, json={"volunteer": str(away)}, headers=dispatcher)).status_code == 403
        assert (await http.post(url, json={"volunteer": str(fresh)}, headers=stranger)).status_code == 404
        assert (await http.post(url, json={})).status_code == 401
        auditor = await world.token("auditor")
        assert (await http.post(url, json={"volunteer": str(fresh)}, headers=auditor)).status_code == 403
        for bad in ({"max": 0}, {"max": "3"}, {"max": 51}, {"volunteer": "x"}, []):
            answer = await http.post(url, json=bad, headers=tokens[0])
            assert answer.status_code == 400, bad


async def test_who_claims_is_heard_and_who_is_given_something_is_not(world: World) -> None:
    queue = await world.queue()
    await world.tasks(4, queue=queue)
    caller, given, fresh = await world.volunteers(3)
    await world.run("UPDATE volunteers SET heard_at = clock_timestamp() WHERE id = %s", fresh)
    before = await world.one("SELECT heard_at FROM volunteers WHERE id = %s", fresh)
    claims = Claims(world.ctx)
    await claims.claim(ClaimRequest(queue, caller, 1, "t"))
    await claims.claim(ClaimRequest(queue, given, 1, "t", for_another=True))
    await claims.claim(ClaimRequest(queue, fresh, 1, "t"))
    heard = {r["id"]: r["heard_at"] for r in await world.run("SELECT id, heard_at FROM volunteers")}
    assert heard[caller] is not None
    assert (heard[given], heard[fresh]) == (None, before)


async def test_a_task_by_name_is_had_by_one_and_told_again_to_her(world: World) -> None:
    queue = await world.queue()
    wanted, other = await world.tasks(2, queue=queue)
    people = await world.volunteers(8)
    processes = [Claims(world.ctx), Claims(world.ctx)]
    asked = [ClaimRequest(queue, p, 1, "t", task_id=wanted) for p in people]
    asked += [ClaimRequest(queue, p, 2, "t") for p in people]
    answers = await asyncio.gather(*(processes[n % 2].claim(a) for n, a in enumerate(asked)), return_exceptions=True)
    got = [t["id"] for a in answers if not isinstance(a, BaseException) for t in a["tasks"]]
    assert sorted(got) == sorted(map(str, (wanted, other)))
    assert {str(a) for a in answers if isinstance(a, BaseException)} == {"task.taken"}
    holder = await world.one("SELECT holder_id FROM tasks WHERE id = %s", wanted)
    again = await Claims(world.ctx, cap=1).claim(ClaimRequest(queue, holder, 1, "t", task_id=wanted))
    assert [(t["id"], t["fence"]) for t in again["tasks"]] == [(str(wanted), 1)]
    with pytest.raises(Problem, match=r"not_found"):
        await processes[0].claim(ClaimRequest(queue, people[0], 1, "t", task_id=world.emergency))
    await assert_sound(world, 2)


async def test_nobody_is_sent_who_waits_for_her_centre_or_has_to_rest(world: World) -> None:
    queue = await world.queue()
    (task,) = await world.tasks(1, queue=queue)
    pending, refused, resting, rested = await world.volunteers(4)
    await world.run("UPDATE volunteers SET vetting = 'pending' WHERE id = %s", pending)
    await world.run("UPDATE volunteers SET vetting = 'refused' WHERE id = %s", refused)
    await world.run("UPDATE volunteers SET rest_until = clock_timestamp() + interval '1 h' WHERE id = %s", resting)
    await world.run("UPDATE volunteers SET rest_until = clock_timestamp() - interval '1 s' WHERE id = %s", rested)
    claims = Claims(world.ctx)
    for named in (None, task):
        asked = [ClaimRequest(queue, p, 1, "t", task_id=named) for p in (pending, refused, resting)]
        answers = await asyncio.gather(*map(claims.claim, asked), return_exceptions=True)
        assert list(map(str, answers)) == ["volunteer.not_vetted", "volunteer.not_vetted", "volunteer.rests"]
    assert len((await claims.claim(ClaimRequest(queue, rested, 1, "t")))["tasks"]) == 1


async def a_team(world: World, members: list[UUID]) -> UUID:
    """A team led by its first member."""
    team = uuid7()
    await world.run(
        "INSERT INTO teams (id, code, centre_id, leader_id, made_by) VALUES (%s, %s, %s, %s, 'test')",
        *(team, new_code(6, "G-"), world.centres[0], members[0]),
    )
    await world.run(
        "INSERT INTO team_members (team_id, volunteer_id) SELECT %s, unnest(%s::uuid[])", team, list(members)
    )
    return team


async def test_what_takes_several_goes_to_teams_alone(world: World) -> None:
    queue = await world.queue()
    (big,) = await world.tasks(1, queue=queue, crew_min=3, women_min=1)
    (small,) = await world.tasks(1, queue=queue)
    men, women = await world.volunteers(3, gender="man"), await world.volunteers(2, gender="woman")
    claims = Claims(world.ctx)
    only_men = await a_team(world, men)
    with pytest.raises(Problem, match=r"task\.team_required"):
        await claims.claim(ClaimRequest(queue, women[0], 1, "t", task_id=big))
    with pytest.raises(Problem, match=r"task\.team_required"):
        await claims.claim(ClaimRequest(queue, men[0], 1, "t", task_id=big, team_id=only_men))
    alone = await claims.claim(ClaimRequest(queue, men[0], 5, "t"))
    assert [t["id"] for t in alone["tasks"]] == [str(small)]
    await world.run("UPDATE team_members SET left_at = clock_timestamp() WHERE volunteer_id = ANY(%s)", men[1:])
    mixed = await a_team(world, [women[0], *men[1:]])
    with pytest.raises(Problem, match=r"team\.not_leading"):
        await claims.claim(ClaimRequest(queue, men[1], 1, "t", team_id=mixed))
    await world.run("UPDATE volunteers SET rest_until = clock_timestamp() + interval '1 h' WHERE id = %s", men[2])
    assert (await claims.claim(ClaimRequest(queue, women[0], 1, "t", team_id=mixed)))["tasks"] == []
    await world.run("UPDATE volunteers SET rest_until = NULL")
    (got,) = (await claims.claim(ClaimRequest(queue, women[0], 1, "t", team_id=mixed)))["tasks"]
    assert (got["id"], got["team"], got["holder"]) == (str(big), str(mixed), str(women[0]))
    lease = await world.one("SELECT team_id, volunteer_id FROM leases WHERE task_id = %s", big)
    assert lease == {"team_id": mixed, "volunteer_id": women[0]}
    await world.run("UPDATE tasks SET lease_until = clock_timestamp() - interval '1 s'")
    await sweep(world.ctx)
    assert await world.run("SELECT DISTINCT state, team_id, holder_id FROM tasks") == [
        {"state": "queued", "team_id": None, "holder_id": None}
    ]


async def test_http_claim_by_name_and_who_may(world: World) -> None:
    queue = await world.queue("medical")
    tasks = await world.tasks(3, queue=queue, kind="medical", skills=["first_aid", "logistics"])
    nurse, porter, far = await world.volunteers(3)
    await world.run("UPDATE volunteers SET skills = '{nursing}' WHERE id = %s", nurse)
    herself = await world.token("volunteer", volunteer=nurse)
    untaught = await world.token("volunteer", volunteer=porter)
    dispatcher = await world.token("dispatcher", centre=world.centres[0])
    stranger = await world.token("dispatcher", centre=world.centres[1])
    url = f"/api/tasks/{tasks[2]}/claim"
    async with a_client(an_app(world.ctx, router)) as http:
        lacking = await http.post(url, json={}, headers=untaught)
        assert (lacking.status_code, lacking.json()["code"]) == (409, "task.skills")
        assert lacking.json()["lacking"] == ["first_aid"]
        first = await http.post(url, headers={**herself, "Idempotency-Key": "k"})
        assert [t["id"] for t in first.json()["tasks"]] == [str(tasks[2])]
        assert (await http.post(url, headers={**herself, "Idempotency-Key": "k"})).json() == first.json()
        other = await http.post(f"/api/tasks/{tasks[1]}/claim", headers={**herself, "Idempotency-Key": "k"})
        assert other.json()["code"] == "idempotency.reused"
        gone = await http.post(url, json={"volunteer": str(far)}, headers=dispatcher)
        assert (gone.status_code, gone.json()["code"]) == (409, "task.taken")
        url = f"/api/tasks/{tasks[0]}/claim"
        assert (await http.post(url, json={"volunteer": str(porter)}, headers=stranger)).status_code == 404
        assert (await http.post(url, json={"volunteer": str(far)}, headers=untaught)).status_code == 403
        assert (await http.post(url, json={"volunteer": str(porter)}, headers=dispatcher)).status_code == 200
        assert (await http.post(url)).status_code == 401
        assert (await http.post(f"/api/tasks/{queue}/claim", headers=herself)).status_code == 404
