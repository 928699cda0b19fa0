"""Who answers requests, and who reads without a model, pays nothing for learning."""

import subprocess
import sys


def test_web_and_chain_load_no_scikit_learn() -> None:
    code = "import sys, server.app, server.worker, server.jobs; print(sorted({'sklearn', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.strip() == "[]"
