"""What nobody's phone sends: refused or set aside, within bounds of memory, while the neighbours' forms all arrive."""

import contextlib
import io
import os
import shutil
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from server.access.sealing import create_keys
from tests.support.instance import Instance
from tests.support.phones import BOUNDARY, RawPhone, body_of, part

GROWTH_MB = 64
SLOW = 60


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    home = Path(f"/tmp/hamyar-hostile-{os.getpid()}")
    made = Instance(home, env={"HAMYAR_DRILL": "1", "HAMYAR_WORKERS": "1"})
    made.run("up", "--detach")
    yield made
    made.run("down", check=False)
    shutil.rmtree(home, ignore_errors=True)


def form(key: str, body: str = "") -> bytes:
    meta = f"<meta><instanceID>{key}</instanceID></meta>"
    return f'<data id="rapid_needs" version="1">{body}{meta}</data>'.encode()


@dataclass
class Neighbour:
    """Somebody who sends ordinary forms all the while, and somebody's server's memory."""

    phone: RawPhone
    web: list[int]
    stop: threading.Event = field(default_factory=threading.Event)
    kept: list[str] = field(default_factory=list)
    broken: list[tuple[int, bytes]] = field(default_factory=list)
    most_mb: float = 0.0

    def send(self) -> None:
        while not self.stop.wait(0.05):
            key = f"uuid:neighbour-{len(self.kept)}"
            status, answer = self.phone.say(self.phone.request(body_of(form(key), {"a.jpg": key.encode()})))
            if status == 201:
                self.kept.append(key)
            else:
                self.broken.append((status, answer))

    def watch(self) -> None:
        while not self.stop.wait(0.02):
            self.most_mb = max(self.most_mb, self.memory_mb())

    def memory_mb(self) -> float:
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.web)
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextlib.contextmanager
def slow_phones(phone: RawPhone) -> Iterator[None]:
    """Many who begin a large form and go on a byte at a time."""
    lines, stop = [], threading.Event()
    request = phone.request(body_of(form("uuid:slow"), {"a.jpg": b"A" * 9_000_000}))
    for _ in range(SLOW):
        line = socket.create_connection(("127.0.0.1", phone.port), timeout=10)
        line.sendall(request[:3000])
        lines.append(line)

    def drip() -> None:
        at = 3000
        while not stop.wait(0.2):
            at += 1
            for line in lines:
                with contextlib.suppress(OSError):
                    line.send(request[at - 1 : at])

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        yield
    finally:
        stop.set()
        dripping.join()
        for line in lines:
            line.close()


def zip_bomb() -> bytes:
    """A workbook of 300 KB that would unpack to 300 MB."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        packed.writestr("[Content_Types].xml", b"<Types/>")
        packed.writestr("xl/workbook.xml", b"\0" * 300_000_000)
    return made.getvalue()


BOMBS = {
    "laughs": b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><data id="x">&b;</data>',
    "outside": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><data id="x">&e;</data>',
    "empty": b" ",
    "long": form("uuid:long", "<a>" + "x" * 2_200_000 + "</a>"),
}
KEPT = {
    "deep": b'<data id="x">' + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</data>",
    "many": b'<data id="x">' + b"<a/>" * 400_000 + b"</data>",
    "attributes": b'<data id="x" ' + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/>",
    "spaces": b'<data id="x">' + b"".join(b'<a xmlns:n%d="u%d"/>' % (n, n) for n in range(50_000)) + b"</data>",
    "unknown entity": b'<data id="x">&e;</data>',
    "cut": form("uuid:cut")[:-9],
}
TRICKS = (
    "../../../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "a/b/../c.jpg", "CON", "aux.jpg", "photo\u202egpj.exe",
    "x" * 4000 + ".jpg", "%2e%2e%2fetc", "nul\x00l.jpg", ".", "..", "~/.ssh/id_rsa", "$(reboot).jpg", "a\x08b.jpg",
)  # fmt: skip


def test_hostile_forms(instance: Instance) -> None:
    token = instance.run("token", "create", "--role", "field", "--name", "test").stdout.strip()
    coordinator = instance.run("token", "create", "--role", "coordinator", "--name", "test").stdout.strip()
    phone = RawPhone(instance.port, token)
    # What the process keeps after its first large form belongs to it, not to an attack.
    assert phone.say(phone.request(body_of(form("uuid:first"), {"a.jpg": b"A" * 8_000_000})))[0] == 201
    neighbour = Neighbour(phone, instance.pids("web"))
    before = neighbour.memory_mb()
    threads = [threading.Thread(target=neighbour.send), threading.Thread(target=neighbour.watch)]
    for thread in threads:
        thread.start()
    try:
        with slow_phones(phone):
            _xml(phone)
            _bodies(phone)
            _names(instance, phone)
            _ten_thousand_files(phone)
            _workbooks(instance, coordinator)
            time.sleep(1)
    finally:
        neighbour.stop.set()
        for thread in threads:
            thread.join()
    print(f"web {before:.0f} MB before, {neighbour.most_mb:.0f} MB at most; {len(neighbour.kept)} of the neighbour's")
    assert instance.pids("web") == neighbour.web, "nobody died"
    assert not neighbour.broken
    assert neighbour.most_mb - before < GROWTH_MB
    _kept(instance, neighbour)


def _xml(phone: RawPhone) -> None:
    for name, xml in BOMBS.items():
        status, answer = phone.say(phone.request(body_of(xml, {})))
        assert (status, b"submit_error" in answer) == (400, True), name
    for name, xml in KEPT.items():
        status, answer = phone.say(phone.request(body_of(xml, {})))
        assert (status, b"submit_success" in answer) == (201, True), name


def _bodies(phone: RawPhone) -> None:
    assert phone.say(phone.request(body_of(form("uuid:big"), {"a.jpg": b"A" * 11_000_000})))[0] == 413
    chunk = b"80000\r\n" + b"A" * 0x80000 + b"\r\n"
    head = phone.request(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    begun = b"%x\r\n" % 60 + part("f", "a.jpg", b"")[:60] + b"\r\n"
    assert phone.say(head + begun + chunk * 24 + b"0\r\n\r\n")[0] in {400, 413}
    assert phone.say(phone.request(b"--" + BOUNDARY + b"\r\nX: " + b"a" * 200_000 + b"\r\n\r\nx"))[0] == 400
    assert phone.say(phone.request(b"--" + BOUNDARY + (b"\r\nX: a" * 5000) + b"\r\n\r\nx"))[0] == 400
    for _ in range(3):
        request = phone.request(body_of(form("uuid:head"), {}), headers=f"X-Large: {'a' * 60_000_000}\r\n")
        assert phone.say(request)[0] in {0, 400}
    assert phone.say(phone.request(b"\x00\xff" * 100_000))[0] == 400
    assert phone.say(phone.request(b""))[0] == 400


def _names(instance: Instance, phone: RawPhone) -> None:
    files = [part(name, name, name.encode("utf-8", "replace")) for name in TRICKS]
    xml = part("xml_submission_file", "s.xml", form("uuid:tricks"), "text/xml")
    body = xml + b"".join(files) + b"--" + BOUNDARY + b"--\r\n"
    assert phone.say(phone.request(body))[0] == 201
    sealing = create_keys(instance.home / "keys")
    with psycopg.connect(instance.status()["postgres"]["dsn"]) as conn:
        rows = conn.execute(
            "SELECT id, data_key_wrapped, name_sealed, name FROM attachments WHERE instance_id = 'uuid:tricks'"
        ).fetchall()
    names = [(sealing.of("attachments", r[0], r[1]).open("name_sealed", r[2]) or b"").decode() for r in rows]
    assert len(names) == len(TRICKS)
    for name in names:
        assert not set(name) & set('/\\:*?"<>|\0\u202e\x08')
        assert name.strip(" .") == name
        assert 0 < len(name.encode()) <= 200
    assert not list(instance.home.rglob("passwd"))


def _ten_thousand_files(phone: RawPhone) -> None:
    xml = part("xml_submission_file", "s.xml", form("uuid:ten"), "text/xml")
    files = [part(f"{n}.jpg", f"{n}.jpg", b"%d" % n) for n in range(10_000)]
    status, answer = phone.say(phone.request(xml + b"".join(files) + b"--" + BOUNDARY + b"--\r\n"))
    assert (status, b"200" in answer) == (413, True), "at once: refused, and it says how many"
    for start in range(0, 10_000, 200):
        body = xml + b"".join(files[start : start + 200]) + b"--" + BOUNDARY + b"--\r\n"
        status, answer = phone.say(phone.request(body))
        assert status == 201
        assert (b"set aside" in answer) == (start >= 500 - 200 + 100)


def _workbooks(instance: Instance, coordinator: str) -> None:
    headers = {"Authorization": f"Bearer {coordinator}"}
    for bomb in (zip_bomb(), b"PK\x03\x04" + b"\0" * 2000, b""):
        answer = httpx.post(f"{instance.url}/api/forms?file_type=.xlsx", content=bomb, headers=headers, timeout=60)
        assert 400 <= answer.status_code < 500, answer.text[:300]


def _kept(instance: Instance, neighbour: Neighbour) -> None:
    with psycopg.connect(instance.status()["postgres"]["dsn"]) as conn:
        found = conn.execute(
            "SELECT instance_key FROM submissions WHERE instance_key LIKE 'uuid:neighbour-%' AND current"
        ).fetchall()
        assert {row[0] for row in found} == set(neighbour.kept)
        assert len(found) == len(neighbour.kept) > 10
        count = conn.execute("SELECT count(*) FROM attachments WHERE instance_id = 'uuid:ten'").fetchone()
        assert count == (500,)
        unreadable = conn.execute("SELECT count(*) FROM reports WHERE 'form_unreadable' = ANY(flags)").fetchone()
        assert unreadable == (len(KEPT),)
        aside = conn.execute("SELECT count(*) FROM set_aside WHERE reason = 'files_beyond'").fetchone()
        assert aside == (48,)
