"""All tests, in two halves side by side: `python -m tests [pytest's arguments]`.

With arguments it is pytest itself. Without, the layers that mostly wait (kills, gateways, a browser) run beside those
that mostly compute; each half has servers of its own. The second half's output follows the first's, then a line that
adds them up.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HALVES = (("tests/unit", "tests/slices", "tests/contracts"), ("tests/faults", "tests/e2e"))
COUNTED = ("passed", "failed", "error", "errors", "skipped")


def _environment(number: int) -> dict[str, str]:
    kept = os.environ.get("HAMYAR_TEST_HOME")
    return {**os.environ, **({"HAMYAR_TEST_HOME": f"{kept}-{number}"} if kept and number else {})}


def _counts(text: str) -> dict[str, int]:
    """What pytest's closing line says, by word."""
    lines = [line for line in text.splitlines() if re.search(r"\d+ (passed|failed|error)", line)]
    return {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", lines[-1])} if lines else {}


def main() -> int:
    """Run them; 0 when every half passed."""
    if len(sys.argv) > 1:
        return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "second.log"
        with log.open("wb") as out:
            second = subprocess.Popen(
                [sys.executable, "-m", "pytest", *HALVES[1]], stdout=out, stderr=out, env=_environment(1)
            )
            first = subprocess.Popen(
                [sys.executable, "-m", "pytest", *HALVES[0]], stdout=subprocess.PIPE, env=_environment(0), text=True
            )
            said = []
            for line in first.stdout or ():
                print(line, end="", flush=True)
                said.append(line)
            codes = [first.wait(), second.wait()]
        later = log.read_text(errors="replace")
    print(later, flush=True)
    total: dict[str, int] = dict.fromkeys(COUNTED, 0)
    for text in ("".join(said), later):
        for word, n in _counts(text).items():
            total[word] = total.get(word, 0) + n
    failed = total["failed"] + total["error"] + total["errors"]
    print(f"{total['passed']} passed, {failed} failed, {total['skipped']} skipped", flush=True)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
