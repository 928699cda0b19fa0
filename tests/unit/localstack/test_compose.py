"""docker-compose.yml says the same as `hamyar up`; no engine is at hand to try it, so its words are compared."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.localstack.durability import SETTINGS
from ops.localstack.layout import REPOSITORY
from ops.localstack.parts import PYTHON_PARTS, WORKERS
from ops.localstack.postgres import settings_text
from ops.localstack.redis_server import MEMORY
from ops.localstack.state import PARTS
from ops.localstack.steps import MIGRATE, PREPARE


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    return found


def test_services_are_the_parts_and_their_preparation(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {*PARTS, "sealer", "files", "migrate", "prepare", "kannel"}
    assert compose["services"]["jobs"]["command"] == ["python", "-m", PYTHON_PARTS["jobs"]]
    workers = [tuple(compose["services"][name]["command"]) for name in ("sealer", "worker", "files")]
    assert workers == [("python", "-m", PYTHON_PARTS["worker"], *loops) for loops in WORKERS]
    assert compose["services"]["migrate"]["command"][1:] == MIGRATE
    assert compose["services"]["prepare"]["command"][1:] == PREPARE


def test_every_image_is_pinned_to_a_version(compose: dict[str, Any]) -> None:
    dockerfile = (REPOSITORY / "ops/docker/Dockerfile").read_text()
    images = [service["image"] for service in compose["services"].values()]
    stages = re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.MULTILINE)
    images += [name for name in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) if name not in stages]
    for image in images:
        assert re.search(r":\d+[\d.]*(-|\.|$)", image), f"{image} names no version"
        assert "latest" not in image


def test_stores_are_set_as_the_private_ones(compose: dict[str, Any]) -> None:
    ours = dict(line.split(" = ", 1) for line in settings_text().splitlines() if " = " in line)
    given = dict(word[2:].split("=", 1) for word in compose["services"]["postgres"]["command"][1:])
    assert set(SETTINGS) <= set(given)
    for name, value in given.items():
        if name != "shared_buffers":
            assert ours[name] == value, f"{name} differs"
    assert MEMORY in compose["services"]["redis"]["command"]


def test_what_is_named_exists(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed in service.get("depends_on", {}):
            assert needed in services, f"{name} waits for {needed}"
        for secret in service.get("secrets", []):
            assert secret in compose["secrets"]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (REPOSITORY / source).exists() if source.startswith("./") else source in compose["volumes"]
    for name in ("postgres", "redis", "web"):
        assert services[name]["healthcheck"]["test"]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (REPOSITORY / "ops/docker/Dockerfile").read_text(), re.MULTILINE)
    for names in copied:
        for name in names.split():
            assert (REPOSITORY / name).exists(), f"the Dockerfile copies {name}"


def test_nothing_listens_beyond_this_machine_unasked(compose: dict[str, Any]) -> None:
    assert compose["services"]["web"]["ports"] == ["${HAMYAR_HOST:-127.0.0.1}:${HAMYAR_PORT:-8000}:8000"]
    assert "ports" not in compose["services"]["postgres"]
    assert "ports" not in compose["services"]["redis"]


@pytest.mark.parametrize(
    "script", ["ops/setup.sh", ".ci/run", "ops/docker/secrets.sh", "ops/docker/initdb/10-hamyar.sh"]
)
def test_scripts_are_whole(script: str) -> None:
    path = REPOSITORY / script
    assert path.stat().st_mode & 0o111, f"{script} can be run"
    subprocess.run(["bash", "-n", path], check=True)


def test_make_has_its_targets() -> None:
    text = Path(REPOSITORY / "Makefile").read_text()
    for target in ("setup", "demo", "run", "test", "check", "bench", "soak"):
        assert re.search(rf"^{target}:", text, re.MULTILINE), target
