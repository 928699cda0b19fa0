"""A scenario: who is there, what they hold, and who says what at which minute. Read from its own folder."""

import csv
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

NUMBER = "+98900000{:04d}"
"""Senders of a drill: a range that no operator gives out."""


@dataclass(frozen=True, slots=True)
class Message:
    """One SMS: `minute` of the scenario, the voice's number, the words, and its id at the gateway."""

    minute: float
    sender: str
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """One filled form: the minute and the answers as the scenario writes them."""

    minute: float
    id: str
    answers: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything of one scenario. `messages` are in order of time."""

    name: str
    setting: dict[str, Any]
    messages: tuple[Message, ...]
    forms: tuple[FormAnswer, ...]

    @property
    def minutes(self) -> float:
        """How long it lasts at speed 1, in minutes."""
        return float(self.setting["minutes"])

    @property
    def steps(self) -> list[Message | FormAnswer]:
        """All that comes in, in order of time."""
        return sorted((*self.messages, *self.forms), key=lambda step: step.minute)


def names() -> list[str]:
    """The scenarios there are."""
    folder = files("ops.drills")
    return sorted(
        entry.name.replace("_", "-")
        for entry in folder.iterdir()
        if entry.is_dir() and (entry / "scenario.toml").is_file()
    )


def load(name: str) -> Scenario:
    """A scenario by name. Raises KeyError when there is none of that name."""
    if name not in names():
        raise KeyError(name)
    folder = files("ops.drills") / name.replace("-", "_")
    setting = tomllib.loads((folder / "scenario.toml").read_text(encoding="utf-8"))
    rows = csv.reader(
        (folder / "messages.tsv").read_text(encoding="utf-8").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
    voices: dict[str, str] = {}
    messages = []
    for number, (minute, voice, text) in enumerate(rows):
        sender = voices.setdefault(voice, NUMBER.format(len(voices) + 1))
        messages.append(Message(float(minute) + number % 7 / 10, sender, text, f"{name}-{number:04d}"))
    forms = tuple(
        FormAnswer(float(form["minute"]), f"uuid:{name}-form-{i:03d}", form)
        for i, form in enumerate(setting.get("forms", []))
    )
    return Scenario(name, setting, tuple(sorted(messages, key=lambda m: m.minute)), forms)
