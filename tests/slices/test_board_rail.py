"""Beside the board: who is silent stands there with the task, its act and a way to the number."""

from server.dispatch.claiming import ClaimRequest, Claims
from server.pages.queue_page import router
from tests.support.dispatch_world import World, a_client, an_app


async def test_who_is_silent_stands_beside_the_board_with_the_task_and_what_to_do(world: World) -> None:
    silent, free = await world.volunteers(2)
    queue = await world.queue("rescue")
    (task,) = await world.tasks(1, queue=queue)
    await Claims(world.ctx).claim(ClaimRequest(queue, silent, 1, "t"))
    async with a_client(an_app(world.ctx, router)) as http:
        here = await world.token("dispatcher", centre=world.centres[0])
        part = {**here, "x-part": "1"}
        before = (await http.get("/queue", headers=part)).text.split('id="rail"')[1]
        assert f"tasks:{task}" not in before, "who is heard needs no act"
        await world.run("UPDATE volunteers SET silent_at = now() WHERE id = %s", silent)
        page = await http.get("/queue", headers=part)
        assert page.status_code == 200
        rail = page.text.split('id="rail"')[1]
        row = rail.split(f'id="p-{silent}"')[1].split('draggable="true"')[1]
        assert f'href="/map?open=tasks:{task}"' in row
        assert f'data-people="{task}"' in row
        assert f'href="/volunteers#s-{silent}"' in row
        assert f"#s-{free}" not in rail
        reading = (await http.get("/queue", headers={**await world.token("auditor"), "x-part": "1"})).text
        if 'id="rail"' in reading:
            assert "data-people" not in reading.split('id="rail"')[1], "who only reads is offered no act"
