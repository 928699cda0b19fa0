"""A short storm over dispatch: volunteers are frozen past expiry and killed, and workers, web, connections with them.

Redis is wiped. Each task is held by one, none is forgotten. `make soak` has the long one, over a whole instance.
"""

from pathlib import Path

import pytest

from tests.soak.ground import FewProcesses
from tests.soak.storm import Plan, Storm

PLAN = Plan(seconds=8, volunteers=12, lease_s=1, pace_s=0.2, stock=40, every_s=0.5, drain_s=120, grace_s=60)


@pytest.mark.timeout(240)
def test_no_task_held_twice_none_forgotten(db_dsn: str, redis_url: str, tmp_path: Path) -> None:
    env = {"HAMYAR_LEASE_S": str(PLAN.lease_s), "HAMYAR_OFFER_AFTER_S": "1"}
    (tmp_path / "home").mkdir()
    with FewProcesses(db_dsn, redis_url, tmp_path / "home", env) as ground:
        storm = Storm(ground, PLAN, tmp_path)
        figures = storm.run()
    assert figures["faults"] == []
    assert figures["looks"] > 0
    assert figures["complete_200"] >= figures["tasks"]
    # It was a storm: somebody was frozen or killed.
    assert figures.get("volunteers_frozen_past_expiry", 0) + figures.get("volunteers_killed", 0) > 0
