"""Uploads cut at random bytes and sent again, in parts and in any order, over raw sockets; web killed meanwhile.

Each submission is there once, its XML and its files equal by their bytes. HAMYAR_FORMS sets how many are sent.
"""

import os
import random
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from server.access.sealing import create_keys
from tests.support.instance import Instance, wait_until
from tests.support.phones import RawPhone, body_of

FORMS = int(os.environ.get("HAMYAR_FORMS", "48"))
PHONES = 4


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    home = Path(f"/tmp/hamyar-cut-{os.getpid()}")
    made = Instance(home, env={"HAMYAR_DRILL": "1", "HAMYAR_WORKERS": "2"})
    made.run("up", "--detach")
    yield made
    made.run("down", check=False)
    shutil.rmtree(home, ignore_errors=True)


class Filled:
    """One filled-in form: its XML, its files, and how a phone brings it over a bad line."""

    def __init__(self, dice: random.Random) -> None:
        self.key = f"uuid:{uuid.UUID(int=dice.getrandbits(128), version=4)}"
        self.files = {
            f"{dice.getrandbits(40)}.jpg": dice.randbytes(dice.choice((0, 1, 700, 40_000, 300_000)))
            for _ in range(dice.randrange(5))
        }
        note = "".join(dice.choice("آبنان پتو\u200c ") for _ in range(dice.choice((10, 3000))))
        self.xml = (
            f'<data id="rapid_needs" version="1"><more><note>{note}</note></more>'
            f"<meta><instanceID>{self.key}</instanceID></meta></data>"
        ).encode()

    def parts(self, dice: random.Random) -> list[bytes]:
        """Its POSTs: all at once, or split, in any order and some of them twice."""
        names, bodies = list(self.files), []
        dice.shuffle(names)
        while names and dice.random() < 0.6:
            take = dice.randrange(1, len(names) + 1)
            bodies.append(body_of(self.xml, {name: self.files[name] for name in names[:take]}, more=True))
            names = names[take:]
        bodies.append(body_of(self.xml, {name: self.files[name] for name in names}))
        bodies += [body for body in bodies if dice.random() < 0.3]
        dice.shuffle(bodies)
        return bodies


def bring(phone: RawPhone, form: Filled, dice: random.Random, receipts: dict[str, set[bytes]]) -> None:
    for body in form.parts(dice):
        request = phone.request(body)
        for _ in range(dice.randrange(4)):
            # Cut anywhere: in the headers, in a boundary, after the last byte (then only the answer is lost).
            phone.cut(request[: dice.choice((dice.randrange(len(request)), len(request)))], hard=dice.random() < 0.5)
        while True:
            status, answer = phone.say(request)
            if status == 201:
                receipts.setdefault(form.key, set()).add(answer)
                break
            assert status in {0, 503}, (status, answer)
            time.sleep(0.1)


def test_each_once_and_whole(instance: Instance) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    token = instance.run("token", "create", "--role", "field", "--name", "test").stdout.strip()
    phone, receipts = RawPhone(instance.port, token), dict[str, set[bytes]]()
    forms = [Filled(random.Random(seed + n)) for n in range(FORMS)]

    def work(nth: int) -> None:
        for n in range(nth, FORMS, PHONES):
            bring(phone, forms[n], random.Random(seed * 31 + n), receipts)

    threads = [threading.Thread(target=work, args=(nth,)) for nth in range(PHONES)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(receipts) > FORMS // 3)
    before = instance.pids("web")
    instance.kill(*before)
    for thread in threads:
        thread.join(200)
        assert not thread.is_alive()
    assert set(instance.pids("web")).isdisjoint(before)
    assert set(receipts) == {form.key for form in forms}
    assert all(len(answers) == 1 for answers in receipts.values()), "the same answer to the same form"
    _compare(instance, forms)


def _compare(instance: Instance, forms: list[Filled]) -> None:
    sealing = create_keys(instance.home / "keys")
    with psycopg.connect(instance.status()["postgres"]["dsn"], row_factory=dict_row) as conn:
        rows = conn.execute(
            "SELECT r.id, r.body_sealed, r.data_key_wrapped, s.conflict, s.closed FROM reports r"
            " JOIN submissions s ON s.report_id = r.id"
        ).fetchall()
        bodies = {sealing.of("reports", r["id"], r["data_key_wrapped"]).open("body_sealed", r["body_sealed"]): r["id"]
                  for r in rows}  # fmt: skip
        assert len(rows) == len(forms)
        assert set(bodies) == {form.xml for form in forms}
        assert not any(row["conflict"] for row in rows)
        assert all(row["closed"] for row in rows)
        for form in forms:
            files = conn.execute(
                "SELECT a.id AS file, a.name_sealed, a.data_key_wrapped AS file_key, b.id, b.content_sealed,"
                " b.data_key_wrapped FROM attachments a JOIN blobs b ON b.id = a.blob_id WHERE a.report_id = %s",
                (bodies[form.xml],),
            ).fetchall()
            found = [
                (
                    (sealing.of("attachments", f["file"], f["file_key"]).open("name_sealed", f["name_sealed"]) or b"")
                    .decode(),
                    sealing.of("blobs", f["id"], f["data_key_wrapped"]).open("content_sealed", f["content_sealed"]),
                )
                for f in files
            ]  # fmt: skip
            assert sorted(found) == sorted(form.files.items())
