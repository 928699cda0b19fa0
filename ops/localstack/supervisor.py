"""Starts what an instance needs, keeps it alive, and ends it in order."""

import http.client
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from ops.localstack import disk, steps
from ops.localstack.durability import require_durable
from ops.localstack.layout import REPOSITORY, Layout, database_url, redis_url
from ops.localstack.logs import open_log, rotate, tail
from ops.localstack.migrated import at_head
from ops.localstack.nursery import fork, preload
from ops.localstack.owner import Owner, choose_owner, prepare_folders
from ops.localstack.parts import APP_SIGNALS, Child, app_children, child_environment, herald, one_shot
from ops.localstack.port import listen, wished_host, wished_port
from ops.localstack.postgres import STOP_SIGNALS as POSTGRES_SIGNALS
from ops.localstack.postgres import Postgres
from ops.localstack.problem import Problem
from ops.localstack.process import ProcessId, identify, stop
from ops.localstack.redis_server import STOP_SIGNALS as REDIS_SIGNALS
from ops.localstack.redis_server import Redis
from ops.localstack.state import RunState, browse_host, read_state, settle_drill, supervisor_lock, write_state
from ops.localstack.talk import Journal
from ops.sms.following import BOXES, Kannel

READY_SECONDS = 90.0
# A migration of a large table takes its time; one that hangs must not hang `hamyar up` for ever.
STEP_SECONDS = 1800.0
EARLY_DEATHS = 3
TICK_SECONDS = 0.25
ROTATE_SECONDS = 30.0
# smsbox first, while there is somebody to take what it holds; then bearerbox, whose store keeps the rest.
STOP_ORDER = (("smsbox",), ("bearerbox",), ("announce", "drill", "jobs", "worker", "web"), ("redis",), ("postgres",))
SIGNALS = {"postgres": POSTGRES_SIGNALS, "redis": REDIS_SIGNALS}


class _StopAsked(BaseException):
    """A signal asked us to end; not an Exception, so that no handler on the way swallows it."""


class AlreadyRunning(Exception):
    """Another supervisor holds this instance's lock."""


@dataclass
class Wishes:
    """What this start is asked for beyond the instance itself."""

    stores_only: bool = False
    play: list[str] | None = None
    announce: str | None = None
    aloud: bool = True


class Supervisor:
    """One life of an instance, from the lock to the last child's end. Runs in the main thread, alone."""

    def __init__(self, layout: Layout, wishes: Wishes) -> None:
        self.layout = layout
        self.wishes = wishes
        self.journal = Journal(layout.logs / "supervisor.log", aloud=wishes.aloud)
        self.children: list[Child] = []
        self.state = RunState(host=wished_host(), port=wished_port(), supervisor=identify(os.getpid()))
        self.listener: socket.socket | None = None
        self.kannel = Kannel(layout)
        self._asked = False
        self._interruptible = False
        self._wake, self._alarm = socket.socketpair()

    def run(self) -> None:
        """Start everything, stay until told to stop, end everything. Raises Problem or AlreadyRunning."""
        owner = choose_owner()
        disk.require(self.layout.home, disk.RUNNING_MB)
        for fa, en in prepare_folders(self.layout, owner):
            self.journal.tell(fa, en)
        with supervisor_lock(self.layout) as ours:
            if not ours:
                raise AlreadyRunning
            self._listen_to_signals()
            try:
                self._interruptible = True
                self._begin(owner)
                self._interruptible = False
                self._stay()
            except _StopAsked:
                pass
            except Problem as problem:
                self.state.problem = problem.as_dict()
                self.journal.note(f"{problem.code}: {problem.en}")
                raise
            finally:
                self._interruptible = False
                self._end()

    def _listen_to_signals(self) -> None:
        self._wake.setblocking(False)
        self._alarm.setblocking(False)
        signal.set_wakeup_fd(self._alarm.fileno(), warn_on_full_buffer=False)

        def asked(_number: int, _frame: FrameType | None) -> None:
            self._asked = True
            if self._interruptible:
                self._interruptible = False
                raise _StopAsked

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, asked)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def _begin(self, owner: Owner) -> None:
        drill = settle_drill(self.layout)
        self._clear_leftovers()
        if not self.wishes.stores_only:
            self.listener = listen(self.state.host, self.state.port)
        self._write_state()
        environment = child_environment(self.layout, self.state.port, drill=drill)
        self._start_stores(owner)
        if self.listener is not None:
            preload()
            if not at_head(environment["DATABASE_URL"]):
                self._step("migrate", steps.migrate, environment)
            self._step("prepare", steps.prepare, environment)
            apps = app_children(self.layout, self.listener, environment)
            self.children += apps
            for child in apps:
                child.launch()
            self._write_state()
            self._await_ready()
            self._follow_kannel()
        self.state.phase = "ready"
        self._write_state()
        self.journal.tell(f"✓ آماده است: {self.state.url}", f"Ready: {self.state.url}")
        if self.wishes.play is not None:
            player = one_shot(self.layout, environment, "drill", self.wishes.play)
            player.launch()
            self.children.append(player)
            self._write_state()
        if self.wishes.announce is not None:
            announcer = herald(environment, self.wishes.announce)
            announcer.launch()
            self.children.append(announcer)

    def _start_stores(self, owner: Owner) -> None:
        """Start the private servers that no variable replaces, both at once, and wait for both."""
        dsn, own_database = database_url(self.layout)
        _, own_redis = redis_url(self.layout)
        if not own_redis:
            redis = Redis(self.layout, owner)
            self._launch_store(Child("redis", redis.spawn, REDIS_SIGNALS, after=redis.wait))
        if not own_database:
            postgres = Postgres(self.layout, owner)
            if not postgres.made:
                self.journal.tell("پایگاه داده ساخته می‌شود…", "Making the database…")
            postgres.make()
            self._launch_store(Child("postgres", postgres.spawn, POSTGRES_SIGNALS, after=postgres.wait))
        else:
            require_durable(dsn)

    def _launch_store(self, child: Child) -> None:
        self.children.append(child)
        child.launch()
        self._write_state()

    def _step(self, name: str, run: Callable[[], None], environment: dict[str, str]) -> None:
        """Run one preparation to its end; its words go to ``logs/NAME.log``."""
        path = self.layout.logs / f"{name}.log"
        with open_log(path) as log:
            child = fork(run, f"hamyar {name}", log=log, env=environment, cwd=REPOSITORY)
        try:
            status = child.wait(timeout=STEP_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            # A signal to stop, or no end in sight: nothing of it may go on beside the next start.
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
                child.wait()
        if status != 0:
            said = tail(path, 15)
            if disk.speaks_of_full(said):
                raise disk.full(self.layout.home)
            raise Problem(
                f"{name}.failed",
                fa=f"گام {name} انجام نشد. گزارش: {path}",
                en=f"The step {name} failed. Log: {path}\n{said}",
            )

    def _clear_leftovers(self) -> None:
        """End what a killed supervisor left: the kernel has told it to go, we see to it that it went."""
        old = read_state(self.layout)
        for part in old.parts:
            for process in old.living(part):
                self.journal.note(f"ending {part} {process.pid}, left by an earlier supervisor")
                if not stop(process, SIGNALS.get(part, APP_SIGNALS)):
                    raise Problem(
                        "leftover.stays",
                        fa=f"فرایند {process.pid} ({part}) از اجرای پیشین مانده و پایان نمی‌گیرد.",
                        en=f"Process {process.pid} ({part}) of an earlier run does not end.",
                    )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not answers_ready(self.state.host, self.state.port):
            for child in self.children:
                if child.ended() is not None:
                    self._mourn(child)
                if child.failures >= EARLY_DEATHS:
                    raise self._not_ready(child.part)
            if time.monotonic() > deadline:
                raise self._not_ready("web")
            self._revive()
            self._pause()

    def _not_ready(self, part: str) -> Problem:
        path = self.layout.logs / f"{part}.log"
        said = tail(path, 15)
        if disk.speaks_of_full(said):
            return disk.full(self.layout.home)
        return Problem(
            "start.failed",
            fa=f"بخش {part} آماده نشد. گزارش: {path}",
            en=f"{part} did not become ready. Log: {path}\n{said}",
        )

    def _stay(self) -> None:
        rotated = time.monotonic()
        while not self._asked:
            for child in [*self.children]:
                if child.ended() is not None:
                    self._mourn(child)
            self._revive()
            self._tend()
            if time.monotonic() - rotated > ROTATE_SECONDS:
                rotated = time.monotonic()
                for path in self.layout.logs.glob("*.log"):
                    rotate(path)
            self._pause()

    def _tend(self) -> None:
        for child in self.children:
            child.end_if_condemned()
            if child.tend is not None:
                child.tend()
        if self.listener is not None and self.kannel.changed():
            self._follow_kannel()

    def _follow_kannel(self) -> None:
        """Start Kannel as it is configured now; a Kannel that cannot run leaves the rest of the instance alone."""
        old = [child for child in self.children if child.part in BOXES]
        for part in STOP_ORDER[:2]:
            self._end_wave([child for child in old if child.part in part])
        self.children = [child for child in self.children if child not in old]
        try:
            boxes = self.kannel.children(self.state.url)
            self.children += boxes
            for child in boxes:
                child.launch()
        except (Problem, OSError) as error:
            fa, en = (error.fa, error.en) if isinstance(error, Problem) else (f"Kannel: {error}", f"Kannel: {error}")
            self.journal.tell(fa, en)
        self._write_state()

    def _mourn(self, child: Child) -> None:
        status = child.ended()
        child.end_group()
        if not child.once:
            for other in self.children:
                other.heed(child.part)
        if child.once:
            self.journal.note(f"{child.part} finished with status {status}")
            self.children.remove(child)
        else:
            pid = child.popen.pid if child.popen is not None else 0
            pause = child.plan_restart()
            self.journal.note(f"{child.part} {pid} ended with status {status}; again in {pause:g} s")
        self._write_state()

    def _revive(self) -> None:
        """Start again what is due. A store that does not come back is tried again; an unsafe one ends the
        instance.
        """
        for child in self.children:
            if child.popen is not None or time.monotonic() < child.due:
                continue
            before = self._interruptible
            self._interruptible = True
            try:
                if self._asked:
                    raise _StopAsked
                child.launch()
            except Problem as problem:
                self.journal.note(f"{problem.code}: {problem.en}")
                if problem.code == "postgres.not_durable":
                    raise
                self._give_up_attempt(child)
            except OSError as error:
                self.journal.note(f"{child.part} could not be started: {error}")
                self._give_up_attempt(child)
            finally:
                self._interruptible = before
            self._write_state()

    def _give_up_attempt(self, child: Child) -> None:
        if child.process is not None:
            stop(child.process, child.signals)
        child.ended()
        child.plan_restart()

    def _pause(self) -> None:
        """Sleep until a signal (a child's end among them), a child's time to start again, or the next tick."""
        due = [child.due - time.monotonic() for child in self.children if child.popen is None]
        select.select([self._wake], [], [], max(0.0, min([TICK_SECONDS, *due])))
        try:
            while self._wake.recv(4096):
                pass
        except BlockingIOError:
            return

    def _end(self) -> None:
        failed = self.state.problem is not None
        self.state.phase = "failed" if failed else "stopping"
        self._write_state()
        for wave in STOP_ORDER:
            self._end_wave([child for child in self.children if child.part in wave])
        if self.listener is not None:
            self.listener.close()
        self.children = []
        self._write_state()
        if not failed:
            self.journal.tell("پایان یافت.", "Stopped.")

    def _end_wave(self, children: list[Child]) -> None:
        """Ask all of a wave at once, then wait for each."""
        waiting = [child for child in children if child.process is not None and child.popen is not None]
        for child in waiting:
            if child.popen is not None and child.ended() is None:
                child.popen.send_signal(child.signals[0][0])
        for child in waiting:
            if child.process is not None and child.popen is not None:
                # The first signal is already on its way, a second one would cut a graceful end short.
                stop(child.process, ((0, child.signals[0][1]), *child.signals[1:]))
                child.popen.wait()

    def _write_state(self) -> None:
        found: dict[str, list[ProcessId]] = {}
        for child in self.children:
            if child.process is not None:
                found.setdefault(child.part, []).append(child.process)
        self.state.parts = found
        try:
            write_state(self.layout, self.state)
        except OSError as error:
            if not disk.is_full(error):
                raise
            self.journal.note("no room to write state.json")


def answers_ready(host: str, port: int) -> bool:
    """Whether ``/readyz`` answers 200 within a second."""
    connection = http.client.HTTPConnection(browse_host(host), port, timeout=1.0)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
