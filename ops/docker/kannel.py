"""bearerbox and smsbox of one container, kept alive; their lines, sieved, in the state volume's logs."""

import signal
import time
from types import FrameType

from ops.localstack.layout import Layout
from ops.localstack.owner import make_folder
from ops.localstack.parts import Child
from ops.localstack.process import stop
from ops.sms.following import Kannel

TICK_SECONDS = 0.25


def main() -> None:
    """Run what is configured, wait for it while nothing is, follow each change, until told to stop."""
    layout = Layout.from_environment()
    make_folder(layout.logs)
    kannel = Kannel(layout)
    children: list[Child] = []
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    while not asked:
        if kannel.changed():
            _end(children)
            children = kannel.children("")
        for child in children:
            _keep(child, children)
        time.sleep(TICK_SECONDS)
    _end(children)


def _keep(child: Child, others: list[Child]) -> None:
    child.end_if_condemned()
    if child.tend is not None:
        child.tend()
    if child.popen is not None and child.ended() is not None:
        child.end_group()
        for other in others:
            other.heed(child.part)
        child.plan_restart()
    if child.popen is None and time.monotonic() >= child.due:
        child.launch()


def _end(children: list[Child]) -> None:
    """The last one first: smsbox hands over what it holds."""
    for child in reversed(children):
        if child.process is not None and child.popen is not None:
            stop(child.process, child.signals)
            child.popen.wait()


if __name__ == "__main__":
    main()
