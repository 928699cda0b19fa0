"""A whole drill instance for browser tests, and a small world in it that is made through the public doors alone."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.instance import Instance, wait_until

PASSPHRASE = "river stone lamp orchard"
# Towns of the Kashkan valleys; each need lies in one of them.
TOWNS = {"poldokhtar": (47.7136, 33.1536), "mamulan": (47.9617, 33.3811)}
REPORTS = (
    ("سیل آمده، ۵ نفر روی بام گرفتارند، جانشان در خطر است، کمک فوری. پلدختر", "poldokhtar"),
    ("آب آشامیدنی نداریم، ۴۰ خانوار، پلدختر <img src=x onerror=alert(1)>", "poldokhtar"),
    ("به ۶۰ پتو نیاز داریم، بچه‌ها سردشان است، معمولان", "mamulan"),
    ("need medicine for 3 chronically ill people in Mamulan", "mamulan"),
)


@dataclass
class Running:
    """A started instance and an admin's token in it."""

    instance: Instance
    admin: str

    @property
    def url(self) -> str:
        return self.instance.url

    @contextlib.contextmanager
    def api(self, token: str | None = None) -> Iterator[httpx.Client]:
        """A client with a token (the admin's unless another is given)."""
        headers = {"Authorization": f"Bearer {token or self.admin}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=30) as client:
            yield client


@dataclass
class World:
    """What a test may lean on: an emergency, two centres, people with accounts, needs with tasks."""

    running: Running
    emergency: str = ""
    centres: dict[str, str] = field(default_factory=dict)
    volunteers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.running.url


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """`hamyar up --detach` as a drill in a home of its own, stopped and removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="hamyar-e2e-"))
    # Waves of offers come to whoever is free, in the middle of what a test does: here only people offer.
    instance = Instance(home, env={"HAMYAR_DRILL": "1", "HAMYAR_WORKERS": "1", "HAMYAR_OFFER_AFTER_S": "86400"})
    try:
        instance.run("up", "--detach")
        token = instance.run("token", "create", "--role", "admin", "--name", "tests").stdout.strip()
        yield Running(instance, token)
    finally:
        instance.run("down", check=False)
        shutil.rmtree(home, ignore_errors=True)


def _made(answer: httpx.Response) -> Any:
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def join(running: Running, handle: str, role: str, **bounds: str) -> None:
    """An account by invitation, as a person gets one."""
    with running.api() as api:
        link = _made(api.post("/api/invites", json={"role": role, **bounds}))["link"]
    with httpx.Client(timeout=30) as person:
        form = {"handle": handle, "passphrase": PASSPHRASE}
        answer = person.post(link, data=form, headers={"Origin": running.url})
        assert answer.status_code == 303, answer.text


def add_volunteer(world: World, handle: str, centre: str, gender: str, skills: list[str]) -> str:
    """A volunteer with an account; the id."""
    with world.running.api() as api:
        body = {"centre": world.centres[centre], "gender": gender, "skills": skills, "code": f"V-{handle.upper()}"}
        world.volunteers[handle] = _made(api.post("/api/volunteers", json=body))["id"]
    join(world.running, handle, "volunteer", centre=world.centres[centre], volunteer=world.volunteers[handle])
    return world.volunteers[handle]


def report(running: Running, text: str, town: str, key: str) -> str:
    """A report by API; its id."""
    lon, lat = TOWNS[town]
    with running.api() as api:
        body = {"text": text, "lon": lon, "lat": lat}
        found: str = _made(api.post("/api/reports", json=body, headers={"Idempotency-Key": key}))["id"]
        return found


def open_tasks(running: Running) -> list[dict[str, Any]]:
    """The open tasks now."""
    with running.api() as api:
        return [f["properties"] for f in api.get("/api/tasks", params={"state": "open"}).json()["features"]]


@pytest.fixture(scope="session")
def world(running: Running) -> World:
    """An emergency with needs in two towns, each with a task in the queue of its centre."""
    made = World(running)
    with running.api() as api:
        body = {"code": "kashkan-flood", "name_fa": "سیل کشکان", "name_en": "Kashkan flood", "kind": "flood"}
        made.emergency = _made(api.post("/api/emergencies", json=body))["id"]
        for code, (lon, lat) in TOWNS.items():
            names = {"name_fa": f"مرکز {code}", "name_en": f"{code.title()} centre"}
            made.centres[code] = _made(api.post("/api/centres", json={**names, "lon": lon, "lat": lat}))["id"]
        for code, category, unit in (("blanket", "bedding", "piece"), ("water-pack", "water", "litre")):
            item = {
                "code": code,
                "name_fa": f"کالای {code}",
                "name_en": code.title(),
                "category": category,
                "unit": unit,
            }
            _made(api.post("/api/items", json=item))
            for centre in made.centres.values():
                lines = [{"code": code, "quantity": 5000}]
                _made(api.post("/api/movements", json={"kind": "receipt", "to": centre, "items": lines}))
    join(running, "coordinator", "coordinator")
    add_volunteer(made, "parvin", "poldokhtar", "woman", ["rescue", "first_aid"])
    add_volunteer(made, "zal", "poldokhtar", "man", ["logistics"])
    add_volunteer(made, "mina", "mamulan", "woman", ["logistics", "driving"])
    for number, (text, town) in enumerate(REPORTS):
        report(running, text, town, f"seed-{number}")
    wait_until(lambda: len(open_tasks(running)) >= len(REPORTS))
    return made
