"""What commands say to people on stderr, in Persian and English, and in the supervisor's log."""

import sys
import time
from pathlib import Path

from ops.localstack.problem import Problem


def say(fa: str, en: str) -> None:
    """Say one thing to the person at the terminal."""
    print(f"{fa}\n  {en}", file=sys.stderr, flush=True)


def say_problem(problem: Problem) -> None:
    """Say what went wrong."""
    say(f"✗ {problem.fa}", f"{problem.en} [{problem.code}]")


class Journal:
    """The supervisor's log: English lines with the time; what matters to people is said aloud as well."""

    def __init__(self, path: Path, *, aloud: bool) -> None:
        self.path = path
        self.aloud = aloud

    def note(self, text: str) -> None:
        """Write a line."""
        try:
            with self.path.open("a", encoding="utf-8") as handle:
                handle.write(f"{time.strftime('%Y-%m-%d %H:%M:%S%z')} {text}\n")
            self.path.chmod(0o600)
        except OSError:
            # Out of room: supervising goes on without a log.
            return

    def tell(self, fa: str, en: str) -> None:
        """Write a line and say it."""
        self.note(en)
        if self.aloud:
            say(fa, en)
