"""`python -m tests.soak`: the storm over a whole instance, HAMYAR_SOAK_S seconds long (1,800), with 200 volunteers
(HAMYAR_SOAK_VOLUNTEERS). Prints its figures as JSON; fails when the checker found anything.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.soak.ground import WholeInstance
from tests.soak.storm import Plan, Storm
from tests.support.instance import Instance

LEASE_S = 10


def main() -> int:
    """0 when no task was held twice and none forgotten."""
    plan = Plan(
        seconds=float(os.environ.get("HAMYAR_SOAK_S", "1800")),
        volunteers=int(os.environ.get("HAMYAR_SOAK_VOLUNTEERS", "200")),
        lease_s=LEASE_S,
        pace_s=4.0,
        stock=400,
        every_s=1.5,
        drain_s=90,
        grace_s=90,
        backends=True,
    )
    home = Path(tempfile.mkdtemp(prefix="hamyar-soak-"))
    home.chmod(0o755)
    (home / "storm").mkdir()
    instance = Instance(
        home / "instance",
        env={"HAMYAR_DRILL": "1", "HAMYAR_LEASE_S": str(LEASE_S), "HAMYAR_OFFER_AFTER_S": "3", "HAMYAR_WORKERS": "2"},
    )
    ground = WholeInstance(instance)
    try:
        ground.up()
        storm = Storm(ground, plan, home / "storm")
        figures = storm.run(lambda line: print(line, file=sys.stderr, flush=True))
        verified = instance.run("verify", check=False)
        print(json.dumps({**figures, "verify": verified.returncode}, indent=1, ensure_ascii=False))
        if verified.returncode:
            print(verified.stdout, verified.stderr, file=sys.stderr)
        return int(bool(storm.faults) or verified.returncode != 0)
    finally:
        instance.run("down", check=False)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
