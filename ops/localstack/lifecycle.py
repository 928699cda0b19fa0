"""What the instance's commands do: start in the foreground or detached, stop, tell."""

import json
import os
import subprocess
import sys
import time
from typing import Any

from ops.localstack import disk
from ops.localstack.layout import REPOSITORY, Layout, database_url, redis_url
from ops.localstack.logs import open_log, tail
from ops.localstack.parts import APP_SIGNALS, child_environment, web_count
from ops.localstack.port import wished_port
from ops.localstack.postgres import STOP_SIGNALS as POSTGRES_SIGNALS
from ops.localstack.problem import Problem
from ops.localstack.process import stop
from ops.localstack.redis_server import STOP_SIGNALS as REDIS_SIGNALS
from ops.localstack.state import PARTS, RunState, known_drill, locked, read_state, wished_drill
from ops.localstack.supervisor import AlreadyRunning, Supervisor, Wishes, answers_ready
from ops.localstack.talk import say
from ops.sms.parts import BOXES
from ops.sms.plan import plan_file

# Longer than every wait of the supervisor's own start together: it reports failure itself.
DETACH_SECONDS = 3600.0
DOWN_SECONDS = 60.0
# A drill's first volunteers sign up some seconds after it began; the ways in wait for one.
HINT_SECONDS = 90.0
# What the detached supervisor exits with when another one was quicker (EX_TEMPFAIL of sysexits.h).
ALREADY = 75


def up(
    command: list[str],
    *,
    detach: bool,
    inner: bool,
    stores_only: bool = False,
    play: list[str] | None = None,
    kind: str | None = None,
) -> None:
    """Start the instance with ``command`` (what a detached supervisor is started with), or join the one
    that runs.
    """
    layout = Layout.from_environment()
    if inner:
        try:
            Supervisor(layout, Wishes(stores_only=stores_only, play=play, aloud=False)).run()
        except AlreadyRunning:
            sys.exit(ALREADY)
        return
    _refuse_early(layout)
    if detach or locked(layout):
        state = _start_detached(layout, command) if not locked(layout) else _join(layout)
        say(f"✓ آماده است: {state.url}", f"Ready: {state.url}")
        if kind is not None:
            announce(kind, state)
        return
    try:
        Supervisor(layout, Wishes(stores_only=stores_only, play=play, announce=kind)).run()
    except AlreadyRunning:
        up(command, detach=True, inner=False, kind=kind)


def _refuse_early(layout: Layout) -> None:
    """Say at this terminal what would otherwise fail in the detached supervisor's log."""
    wished_port()
    web_count()
    wished_drill()
    if not locked(layout):
        disk.require(layout.home, disk.RUNNING_MB)


def _start_detached(layout: Layout, command: list[str]) -> RunState:
    layout.home.mkdir(parents=True, exist_ok=True)
    path = layout.logs / "supervisor.log"
    with open_log(path) as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "ops", *command, "--supervise"],
            cwd=REPOSITORY,
            env={**os.environ, "HAMYAR_HOME": str(layout.home)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + DETACH_SECONDS
    while time.monotonic() < deadline:
        ended = child.poll()
        state = read_state(layout)
        ours = state.supervisor is not None and state.supervisor.pid == child.pid
        if ended == ALREADY:
            return _join(layout)
        if ended is not None:
            if ours and state.problem is not None:
                raise Problem(state.problem["code"], fa=state.problem["fa"], en=state.problem["en"])
            raise _did_not_start(layout)
        if ours and state.phase == "ready":
            return state
        time.sleep(0.05)
    raise _did_not_start(layout)


def _did_not_start(layout: Layout) -> Problem:
    path = layout.logs / "supervisor.log"
    return Problem(
        "start.failed",
        fa=f"سامانه راه نیفتاد. گزارش: {path}",
        en=f"The instance did not start. Log: {path}\n{tail(path, 15)}",
    )


def _join(layout: Layout) -> RunState:
    """Wait for a supervisor that runs already, and refuse another port than its own."""
    deadline = time.monotonic() + DETACH_SECONDS
    while time.monotonic() < deadline and locked(layout):
        state = read_state(layout)
        if state.supervised and state.phase == "ready" and _serves(state):
            if os.environ.get("HAMYAR_PORT") and wished_port() != state.port:
                raise Problem(
                    "port.other",
                    fa=f"سامانه هم‌اکنون روی درگاه {state.port} کار می‌کند. نخست hamyar down را اجرا کنید.",
                    en=f"The instance already runs on port {state.port}. Run hamyar down first.",
                )
            return state
        time.sleep(0.05)
    raise _did_not_start(layout)


def _serves(state: RunState) -> bool:
    return "web" not in state.parts or answers_ready(state.host, state.port)


def down() -> None:
    """Stop the supervisor and, should it be gone, what it left; never any other process."""
    layout = Layout.from_environment()
    state = read_state(layout)
    if not state.supervised and not any(state.living(part) for part in state.parts):
        say("سامانه‌ای در کار نیست.", f"Nothing runs in {layout.home}.")
        return
    if state.supervised and state.supervisor is not None:
        stop(state.supervisor, ((APP_SIGNALS[0][0], DOWN_SECONDS), APP_SIGNALS[1]))
    for part in ("smsbox", "bearerbox", "drill", "jobs", "worker", "web", "redis", "postgres"):
        signals = {"postgres": POSTGRES_SIGNALS, "redis": REDIS_SIGNALS}.get(part, APP_SIGNALS)
        for process in state.living(part):
            if not stop(process, signals):
                raise Problem(
                    "down.stays",
                    fa=f"فرایند {process.pid} ({part}) پایان نمی‌گیرد.",
                    en=f"Process {process.pid} ({part}) does not end.",
                )
    say("پایان یافت.", "Stopped.")


def status() -> dict[str, dict[str, Any]]:
    """Return the processes and addresses of each part; ``pids`` are empty where nothing of ours runs."""
    layout = Layout.from_environment()
    state = read_state(layout)
    if not state.port:
        state.port = wished_port()
    found: dict[str, dict[str, Any]] = {
        part: {"pids": [process.pid for process in state.living(part)]} for part in PARTS
    }
    found["web"]["url"] = state.url
    found["postgres"]["dsn"] = database_url(layout)[0]
    found["redis"]["url"] = redis_url(layout)[0]
    for box in BOXES:
        if box in state.parts or plan_file(layout).exists():
            found[box] = {"pids": [process.pid for process in state.living(box)]}
    return found


def demo(scenario: str, speed: int, *, detach: bool, inner: bool) -> None:
    """Start (or join) a drill instance, play the scenario beside it, print the ways in."""
    layout = Layout.from_environment()
    if known_drill(layout) is not True:
        # A contradiction with a real instance is refused where the flag is settled.
        os.environ["HAMYAR_DRILL"] = "1"
        if known_drill(layout) is False:
            from ops.localstack.state import settle_drill

            settle_drill(layout)
    play = ["drill", scenario, "--speed", str(speed)]
    command = ["demo", "--scenario", scenario, "--speed", str(speed)]
    up(command, detach=detach, inner=inner, play=play, kind="demo")


def run(*, detach: bool, inner: bool) -> None:
    """Start (or join) a real instance and print a link for its first coordinator."""
    os.environ["HAMYAR_DRILL"] = "0"
    layout = Layout.from_environment()
    if known_drill(layout) is True:
        from ops.localstack.state import settle_drill

        settle_drill(layout)
    up(["run"], detach=detach, inner=inner, kind="run")


def announce(kind: str, state: RunState | None = None) -> None:
    """Print the URL and the ways in of a demo or of a real instance."""
    known = state or read_state(Layout.from_environment())
    (_print_ways_in if kind == "demo" else _print_invitation)(known)


def _print_ways_in(state: RunState) -> None:
    """Print one URL and, where they are known, the ways in for coordinator, volunteer and gateway."""
    print(f"\n  {state.url}\n", flush=True)
    said = _ask(state, ["-m", "ops.ways_in", "--json"])
    if said is None:
        return
    try:
        ways = json.loads(said)
    except ValueError:
        return
    for way in ways if isinstance(ways, list) else []:
        print(f"  {way.get('fa', '')} — {way.get('en', '')}\n    {way.get('value', '')}", flush=True)
    print(flush=True)


def _print_invitation(state: RunState) -> None:
    """Print a one-time link for the first coordinator, unless there is one already."""
    print(f"\n  {state.url}\n", flush=True)
    said = _ask(state, ["-m", "ops", "invite", "--first"])
    if said is None:
        say("پیوند نخستین هماهنگ‌کننده: hamyar invite", "A link for the first coordinator: hamyar invite")
    elif said.strip():
        print(
            f"  هماهنگ‌کنندهٔ نخست (یک بار مصرف) — first coordinator (once only)\n    {said.strip()}\n",
            flush=True,
        )


def _ask(state: RunState, arguments: list[str]) -> str | None:
    """Run one of our own modules against the instance; None when it is absent or fails."""
    layout = Layout.from_environment()
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=REPOSITORY,
            env=child_environment(layout, state.port, drill=bool(known_drill(layout))),
            capture_output=True,
            text=True,
            check=False,
            timeout=HINT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None
