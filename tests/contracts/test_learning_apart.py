"""Who answers requests, and who reads without a model, pays nothing for learning."""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_web_and_chain_load_no_scikit_learn() -> None:
    code = "import sys, server.app, server.worker, server.jobs; print(sorted({'sklearn', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.strip() == "[]"


def test_what_is_logged_of_models_spoils_no_answer(tmp_path: Path) -> None:
    """Logs go to stderr: stdout is what a script reads."""
    done = subprocess.run(
        [sys.executable, "-m", "ops", "read", "-", "--model", "active"],
        input='{"id": 1, "text": "آب"}\n{"id": 2, "text": "نان"}\n',
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
        env={**os.environ, "HAMYAR_HOME": str(tmp_path)},
    )
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 2]
