"""All tests, in groups side by side: `python -m tests [pytest's arguments]`.

With arguments it is pytest itself. Without, groups of them run side by side, a few at once, each with servers of its
own. The later groups' output follows the first's, then a line that adds them up.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

FAULTS_OF_FORMS = {"test_cut_uploads", "test_hostile_forms", "test_settle_kills", "test_file_kills"}
COUNTED = ("passed", "failed", "error", "errors", "skipped")


def groups() -> list[list[str]]:
    """What runs in one session of pytest each, the longest first."""
    slices = [str(path) for path in sorted(Path("tests/slices").glob("test_*.py"))]
    pages = [str(path) for path in sorted(Path("tests/e2e").glob("test_pages*.py"))]
    others = [str(path) for path in sorted(Path("tests/e2e").glob("test_*.py")) if str(path) not in pages]

    faults = [str(path) for path in sorted(Path("tests/faults").glob("test_*.py"))]
    of_forms = [path for path in faults if Path(path).stem in FAULTS_OF_FORMS]

    def share(*eighths: int) -> list[str]:
        return [path for n, path in enumerate(slices) if n % 8 in eighths]

    return [
        others,
        [*pages, *share(6)],
        share(3, 5),
        share(0, 7, 4),
        [*of_forms, *share(2)],
        ["tests/unit", "tests/contracts", *share(1)],
        [path for path in faults if path not in of_forms],
    ]


def _environment(number: int) -> dict[str, str]:
    kept = os.environ.get("HAMYAR_TEST_HOME")
    return {**os.environ, **({"HAMYAR_TEST_HOME": f"{kept}-{number}"} if kept and number else {})}


def _run(number: int, paths: Sequence[str], log: Path) -> int:
    with log.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *paths], stdout=out, stderr=out, env=_environment(number), check=False
        )
    return done.returncode


def _counts(text: str) -> dict[str, int]:
    """What pytest's closing line says, by word."""
    lines = [line for line in text.splitlines() if re.search(r"\d+ (passed|failed|error)", line)]
    return {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", lines[-1])} if lines else {}


def main() -> int:
    """Run them; 0 when every group passed."""
    if len(sys.argv) > 1:
        return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]])
    total: dict[str, int] = dict.fromkeys(COUNTED, 0)
    codes = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(lanes()) as pool:
        work = [(n, paths, Path(folder) / f"{n}.log") for n, paths in enumerate(groups())]
        running = [(pool.submit(_run, *one), one[2]) for one in work]
        for group, log in running:
            said = _follow(group, log)
            codes.append(group.result())
            for word, n in _counts(said).items():
                total[word] = total.get(word, 0) + n
    failed = total["failed"] + total["error"] + total["errors"]
    print(f"{total['passed']} passed, {failed} failed, {total['skipped']} skipped", flush=True)
    return 1 if any(codes) else 0


def lanes() -> int:
    """How many groups run at once: one more than there are cores, for each waits now and then for a disk or a browser.

    With all at once on two cores everything took twice as long as one after the other, and patience ran out.
    """
    return (os.cpu_count() or 1) + 1


def _follow(group: Future[int], log: Path) -> str:
    """Print a group's output as it comes, until it ends; all that it said."""
    while not log.exists() and not group.done():
        wait([group], timeout=0.5)
    with log.open(encoding="utf-8", errors="replace") as lines:
        said = []
        while True:
            ended = group.done()
            piece = lines.read()
            if piece:
                print(piece, end="", flush=True)
                said.append(piece)
            elif ended:
                return "".join(said)
            else:
                wait([group], timeout=0.5)


if __name__ == "__main__":
    sys.exit(main())
