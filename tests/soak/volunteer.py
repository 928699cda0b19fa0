"""Volunteers as processes: they claim, fall silent, come back late, hand over, say things twice. Each may be frozen or
killed at any moment.

`python -m tests.soak.volunteer CONFIG` reads numbers from its standard input, a line each, forks that volunteer and
prints the process id. What a volunteer was answered goes to `said/<number>.jsonl`, one line an answer.
"""

import http.client
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

PATIENCE_S = 90.0
"""So long a call is tried again while nobody answers."""


class Volunteer:
    """One of them. `mode` (a file): play, drain (no more pranks), stop."""

    def __init__(self, config: dict[str, Any], number: int) -> None:
        self.config, self.number = config, number
        self.dice = random.Random(f"{number}-{os.getpid()}-{time.time()}")
        self.said = os.open(f"{config['home']}/said/{number}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.line: http.client.HTTPConnection | None = None

    @property
    def mode(self) -> str:
        return Path(self.config["home"], "mode").read_text(encoding="ascii")

    def pause(self, most: float) -> None:
        time.sleep(self.dice.random() * most)

    def call(self, method: str, path: str, body: Any = None, **noted: Any) -> tuple[int, dict[str, Any]]:
        """One call, made again until it is answered; (0, {}) when nobody does."""
        headers = {"Authorization": self.config["ways"][self.number], "Content-Type": "application/json"}
        if path.endswith("/claim") and self.dice.random() < 0.5:
            headers["Idempotency-Key"] = f"{self.number}-{self.dice.getrandbits(60)}"
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                self.line = self.line or http.client.HTTPConnection("127.0.0.1", self.config["port"], timeout=15)
                self.line.request(method, path, None if body is None else json.dumps(body), headers)
                answer = self.line.getresponse()
                told = json.loads(answer.read() or b"{}")
                if answer.status < 500 and answer.status != 429:
                    if noted:
                        self.note(answer.status, told, noted)
                    return answer.status, told
            except (OSError, http.client.HTTPException, ValueError):
                if self.line:
                    self.line.close()
                self.line = None
            self.pause(1.0)
        return 0, {}

    def note(self, status: int, told: dict[str, Any], noted: dict[str, Any]) -> None:
        line = {
            **noted,
            "volunteer": self.config["volunteers"][self.number],
            "status": status,
            "code": told.get("code"),
            "kept": bool(told.get("kept")),
            "state": told.get("state"),
            "got": [[t["id"], t["fence"]] for t in told.get("tasks", [])],
        }
        if noted["call"] == "take" and status == 200:
            line["got"] = [[told["id"], told["fence"]]]
        # One write: a kill leaves the whole line or none.
        os.write(self.said, json.dumps(line).encode() + b"\n")

    def tell(self, verb: str, task: str, fence: int) -> tuple[int, dict[str, Any]]:
        body = {"fence": fence} | ({"reason": "unsafe"} if verb == "fail" else {})
        return self.call("POST", f"/api/tasks/{task}/{verb}", body, call=verb, task=task, fence=fence)

    def live(self) -> None:
        """Until the mode is stop."""
        while (mode := self.mode) != "stop":
            held = [] if self.dice.random() > 0.3 else self.answer_offers()
            for task, fence in held or self.claim():
                self.follow(task, fence, pranks=mode == "play")
            self.pause(self.config["pace_s"] * 2)

    def claim(self) -> list[tuple[str, int]]:
        queue = self.dice.choice(self.config["queues"])
        if self.dice.random() < 0.15:
            _, found = self.call("GET", f"/api/tasks?queue={queue}&state=queued&limit=10")
            if tasks := found.get("features"):
                task = self.dice.choice(tasks)["properties"]["id"]
                _, told = self.call("POST", f"/api/tasks/{task}/claim", {}, call="claim")
                return [(t["id"], t["fence"]) for t in told.get("tasks", [])]
        _, told = self.call("POST", f"/api/queues/{queue}/claim", {"max": self.dice.choice((1, 1, 1, 2))}, call="claim")
        return [(t["id"], t["fence"]) for t in told.get("tasks", [])]

    def answer_offers(self) -> list[tuple[str, int]]:
        """Yes to most of what she is asked; what she holds then."""
        _, told = self.call("GET", "/api/offers")
        held = []
        for offer in told.get("items", [])[:2]:
            if self.dice.random() < 0.3:
                self.call("POST", f"/api/offers/{offer['id']}/decline", {})
                continue
            status, task = self.call("POST", f"/api/offers/{offer['id']}/accept", {}, call="take")
            if status == 200:
                held.append((task["id"], task["fence"]))
        return held

    def follow(self, task: str, fence: int, *, pranks: bool) -> None:
        """A task to its end, or to none."""
        lease_s, mood = self.config["lease_s"], self.dice.random() if pranks else 0.0
        if mood > 0.92:
            return
        if mood < 0.85 and self.tell("accept", task, fence)[0] != 200:
            return
        if self.dice.random() < 0.4:
            self.tell("en_route", task, fence)
        if mood > 0.7:
            # Out of the net, longer than the lease; or she asks a colleague and goes on as if she had not.
            if mood > 0.82:
                to = self.dice.choice(self.config["volunteers"])
                self.call("POST", f"/api/tasks/{task}/hand_over", {"fence": fence, "volunteer": to}, call="hand_over")
            time.sleep(lease_s * (1.1 + self.dice.random()))
        else:
            for _ in range(self.dice.randrange(3)):
                self.pause(min(lease_s / 2, self.config["pace_s"]))
                if self.tell("heartbeat", task, fence)[0] != 200:
                    break
        end = self.dice.choices(("complete", "fail", "release"), (90, 5, 5) if pranks else (100, 0, 0))[0]
        self.tell(end, task, fence)
        if self.dice.random() < 0.1:
            self.tell(end, task, fence)


def main(path: str) -> None:
    """Fork those who are called."""
    config = json.loads(Path(path).read_text(encoding="utf-8"))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.stdin.close()
            code = 1
            try:
                Volunteer(config, int(line)).live()
                code = 0
            finally:
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
