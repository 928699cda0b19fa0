"""The web processes of one container: a socket that all share, and this process to keep them alive."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ops.localstack.durability import require_durable
from ops.localstack.parts import APP_SIGNALS, Child, web_count
from ops.localstack.port import listen
from ops.localstack.process import spawn

TICK_SECONDS = 0.25


def main() -> None:
    """Serve on every address of the container until told to stop."""
    _require_durable(os.environ["DATABASE_URL"])
    listener = listen("0.0.0.0", int(os.environ.get("HAMYAR_PORT", "8000")))  # noqa: S104 - compose decides
    fd = listener.fileno()

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ops.localstack.web", "--fd", str(fd)]
        return spawn(command, log=sys.stderr.fileno(), env=os.environ, cwd=Path.cwd(), pass_fds=(fd,))

    children = [Child("web", start, APP_SIGNALS) for _ in range(web_count())]
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: asked.append(got))
    while not asked:
        for child in children:
            if child.popen is not None and child.ended() is not None:
                child.plan_restart()
            if child.popen is None and time.monotonic() >= child.due:
                child.launch()
        time.sleep(TICK_SECONDS)
    for child in children:
        if child.popen is not None:
            child.popen.send_signal(signal.SIGTERM)
    for child in children:
        if child.popen is not None:
            child.popen.wait()


def _require_durable(dsn: str) -> None:
    """Refuse a database that forgets. One that is away refuses nothing: gateways are served from the spool."""
    import psycopg

    try:
        require_durable(dsn)
    except psycopg.OperationalError as error:
        print(f"The database is away ({type(error).__name__}); messages go to the spool.", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
