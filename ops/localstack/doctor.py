"""`hamyar doctor`: looks at what an instance stands on and says what is wrong and the cure, in both
languages.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.localstack import disk
from ops.localstack.binaries import (
    APT,
    OLDEST_REDIS,
    find_postgres,
    find_redis,
    redis_version,
)
from ops.localstack.durability import read_settings, weak_settings
from ops.localstack.layout import REPOSITORY, Layout, database_url, redis_url
from ops.localstack.owner import ELSEWHERE, can_reach, choose_owner
from ops.localstack.port import holder, wished_port
from ops.localstack.postgres import Postgres
from ops.localstack.problem import Problem
from ops.localstack.state import known_drill, read_state, wished_drill
from ops.sms.plan import read_plan
from ops.sms.setting import check_programs

GOOD, FAIR, BAD = "good", "fair", "bad"
MARKS = {GOOD: "✓", FAIR: "!", BAD: "✗"}
MANIFEST = REPOSITORY / "server" / "pages" / "static" / "dist" / "manifest.json"
# Certificates, one-time links and event times all fail on a machine whose battery let its clock fall back.
EARLIEST_YEAR = 2025
CLOCK_SKEW_S = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``level`` is good, fair or bad; the texts carry the cure where there is one."""

    check: str
    level: str
    fa: str
    en: str

    def as_dict(self) -> dict[str, str]:
        """Return the finding ready for JSON."""
        return {"check": self.check, "level": self.level, "fa": self.fa, "en": self.en}

    def as_text(self) -> str:
        """Return two lines for a terminal."""
        return f"{MARKS[self.level]} {self.fa}\n  {self.en}"


def examine() -> list[Finding]:
    """Look at everything once; a check that itself fails is a finding, never an end."""
    layout = Layout.from_environment()
    checks: tuple[Callable[[Layout], Iterator[Finding]], ...] = (
        _python,
        _postgres,
        _redis,
        _home,
        _disk,
        _port,
        _drill,
        _keys,
        _database,
        _clock,
        _assets,
        _parts,
        _kannel,
    )
    findings: list[Finding] = []
    for check in checks:
        name = check.__name__.strip("_")
        try:
            findings += list(check(layout))
        except Problem as problem:
            findings.append(Finding(name, BAD, problem.fa, problem.en))
        except OSError as error:
            findings.append(Finding(name, BAD, f"خطای سیستم: {error}", f"System error: {error}"))
    return findings


def _python(_layout: Layout) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", GOOD, f"پایتون {version}", f"Python {version}")


def _postgres(layout: Layout) -> Iterator[Finding]:
    _, own = database_url(layout)
    if own:
        yield Finding("postgres", GOOD, "پایگاه داده از DATABASE_URL", "The database is DATABASE_URL's")
        return
    found = find_postgres(Postgres(layout, choose_owner()).cluster_major())
    text = f"PostgreSQL {found.major}, PostGIS, pgRouting ({found.bin})"
    yield Finding("postgres", GOOD, text, text)


def _redis(layout: Layout) -> Iterator[Finding]:
    _, own = redis_url(layout)
    if own:
        yield Finding("redis", GOOD, "Redis از REDIS_URL", "Redis is REDIS_URL's")
        return
    program = find_redis()
    version = redis_version(program)
    text = f"{program.name} {'.'.join(map(str, version))}"
    if version and version < OLDEST_REDIS:
        yield Finding("redis", BAD, f"{text} کهنه است: {APT}", f"{text} is too old (6.2 or newer): {APT}")
    else:
        yield Finding("redis", GOOD, text, text)


def _home(layout: Layout) -> Iterator[Finding]:
    owner = choose_owner()
    if can_reach(owner, layout.home):
        yield Finding("home", GOOD, f"خانهٔ سامانه: {layout.home}", f"The instance's home: {layout.home}")
    else:
        place = ELSEWHERE / layout.digest
        yield Finding(
            "home",
            FAIR,
            f"کاربر {owner.name} به {layout.home} راه ندارد؛ پایگاه داده در {place} است.",
            f"User {owner.name} cannot walk into {layout.home}; the database lives in {place}.",
        )
    if layout.sockets_moved:
        yield Finding("home", FAIR, f"سوکت‌ها در {layout.sockets}", f"The sockets are in {layout.sockets}")


def _disk(layout: Layout) -> Iterator[Finding]:
    places = [layout.home] if layout.postgres.is_relative_to(layout.home) else [layout.home, layout.postgres]
    for path in places:
        free = disk.free_mb(path)
        if free < disk.RUNNING_MB:
            problem = disk.full(path, free)
            yield Finding("disk", BAD, problem.fa, problem.en)
        else:
            level = GOOD if free >= disk.COMFORT_MB else FAIR
            yield Finding("disk", level, f"{free} مگابایت آزاد در {path}", f"{free} MB free at {path}")


def _port(layout: Layout) -> Iterator[Finding]:
    state, port = read_state(layout), wished_port()
    if state.supervised:
        text = f"{state.url}"
        yield Finding("port", GOOD, f"سامانه در کار است: {text}", f"The instance runs: {text}")
        return
    who = holder(port)
    if who is not None:
        yield Finding(
            "port",
            BAD,
            f"درگاه {port} در دست فرایند {who[0]} ({who[1]}) است؛ آن را ببندید یا HAMYAR_PORT دیگری بدهید.",
            f"Port {port} is taken by process {who[0]} ({who[1]}); end it or choose another HAMYAR_PORT.",
        )
    else:
        yield Finding("port", GOOD, f"درگاه {port} آزاد است.", f"Port {port} is free.")


def _drill(layout: Layout) -> Iterator[Finding]:
    known, wished = known_drill(layout), wished_drill()
    if known is None:
        yield Finding("drill", GOOD, "سامانه هنوز ساخته نشده است.", "The instance is not made yet.")
    elif wished is not None and wished != known:
        yield Finding(
            "drill",
            BAD,
            "HAMYAR_DRILL با آنچه هنگام ساخت تعیین شد نمی‌خواند؛ HAMYAR_HOME دیگری بدهید.",
            "HAMYAR_DRILL contradicts what was fixed when the instance was made; use another HAMYAR_HOME.",
        )
    else:
        yield Finding(
            "drill",
            GOOD,
            "سامانهٔ تمرینی" if known else "سامانهٔ واقعی",
            "A drill instance" if known else "A real instance",
        )


def _keys(layout: Layout) -> Iterator[Finding]:
    files = [path for path in layout.keys.rglob("*") if path.is_file()] if layout.keys.is_dir() else []
    if not files:
        yield Finding("keys", GOOD, "کلیدها در نخستین up ساخته می‌شوند.", "Keys are made by the first up.")
        return
    open_files = [path for path in files if path.stat().st_mode & 0o077]
    if open_files:
        listed = " ".join(map(str, open_files))
        yield Finding(
            "keys", BAD, f"کلید برای دیگران باز است: chmod 600 {listed}", f"Readable keys: chmod 600 {listed}"
        )
    else:
        yield Finding(
            "keys",
            GOOD,
            f"{len(files)} کلید در {layout.keys}؛ از آن‌ها جایی جدا از پشتیبان پایگاه داده نگه دارید.",
            f"{len(files)} keys in {layout.keys}; keep a copy apart from the database's backup.",
        )


def _database(layout: Layout) -> Iterator[Finding]:
    """Ask a database that runs for its durability, extensions and clock."""
    import psycopg

    dsn, own = database_url(layout)
    if not own and not read_state(layout).living("postgres"):
        yield Finding("database", GOOD, "پایگاه داده خاموش است.", "The database is not running.")
        return
    try:
        weak = weak_settings(read_settings(dsn))
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as server:
            names = {row[0] for row in server.execute("SELECT extname FROM pg_extension")}
            row = server.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
            skew = abs(time.time() - float(row[0])) if row else 0.0
    except psycopg.Error as error:
        yield Finding("database", BAD, f"پایگاه داده پاسخ نمی‌دهد: {error}", f"The database does not answer: {error}")
        return
    if weak:
        listed = ", ".join(f"{name}={value}" for name, value in weak.items())
        yield Finding("durability", BAD, f"پایگاه داده امن نمی‌نویسد: {listed}", f"Not durable, set to on: {listed}")
    else:
        yield Finding("durability", GOOD, "هر نوشته‌ای ماندگار است.", "Every confirmed write is durable.")
    lacking = {"postgis", "pgrouting", "pg_trgm"} - names
    if lacking:
        listed = ", ".join(sorted(lacking))
        yield Finding("extensions", BAD, f"CREATE EXTENSION لازم است: {listed}", f"CREATE EXTENSION needed: {listed}")
    if skew > CLOCK_SKEW_S:
        yield Finding(
            "clock",
            BAD,
            f"ساعت پایگاه داده {skew:.0f} ثانیه با این دستگاه فرق دارد؛ NTP را روشن کنید.",
            f"The database's clock is {skew:.0f} s off this machine's; turn NTP on.",
        )


def _clock(_layout: Layout) -> Iterator[Finding]:
    now = time.gmtime()
    if now.tm_year < EARLIEST_YEAR:
        yield Finding(
            "clock",
            BAD,
            f"ساعت دستگاه سال {now.tm_year} است؛ آن را درست کنید.",
            f"This machine's clock says {now.tm_year}; set it.",
        )
    else:
        text = time.strftime("%Y-%m-%d %H:%M:%S UTC", now)
        yield Finding("clock", GOOD, f"ساعت: {text}", f"Clock: {text}")


def _assets(_layout: Layout) -> Iterator[Finding]:
    try:
        entries = len(json.loads(MANIFEST.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        yield Finding("assets", BAD, "بخش‌های مرورگر ساخته نشده‌اند: make setup", "Browser parts missing: make setup")
        return
    yield Finding("assets", GOOD, f"{entries} بخش مرورگر", f"{entries} browser parts are built")


def _parts(layout: Layout) -> Iterator[Finding]:
    state = read_state(layout)
    if state.phase == "failed" and state.problem is not None and not state.supervised:
        yield Finding(
            "start",
            BAD,
            f"اجرای پیشین: {state.problem['fa']}",
            f"The last start failed: {state.problem['en']}",
        )
    if not state.supervised:
        return
    for part in state.parts:
        if len(state.living(part)) < len(state.parts[part]):
            path = layout.logs / f"{part}.log"
            yield Finding("parts", BAD, f"بخش {part} افتاده است: {path}", f"{part} is down, see {path}")


def _kannel(layout: Layout) -> Iterator[Finding]:
    """Only where one is configured: its programs, and its spool closed to others."""
    plan = read_plan(layout)
    if plan is None:
        return
    check_programs(plan)
    spool = Path(plan.spool)
    if spool.exists() and spool.stat().st_mode & 0o077:
        yield Finding("kannel", BAD, f"صف Kannel برای دیگران باز است: chmod 700 {spool}", f"Open: chmod 700 {spool}")
        return
    links = ", ".join(link.id for link in plan.links) or "-"
    yield Finding("kannel", GOOD, f"پیوندهای Kannel: {links}", f"Kannel's links: {links}")
