"""Every event that the code can put down has been decided on: who hears of it, or that nobody does."""

import re
from pathlib import Path

from server.live.rules import SEEN_WITH

SERVER = Path(__file__).parents[3] / "server"
SAID = re.compile(r"NewEvent\(\s*(?:verb=)?\"([a-z_]+)\.[a-z_]+\"")
OF_NOBODY = {
    "entity": "lists that forms read, asked for by their pages",
    "form": "forms, asked for by their pages",
    "form_key": "keys of forms, asked for by their pages",
    "map": "made anew: only answers that were kept end with it",
    "model": "what was learnt, on its own page",
    "note": "who opened a note: in the audit",
    "submission": "answers of people, asked for by their page",
}
"""Nouns that no stream tells of, and why."""


def nouns() -> set[str]:
    return {noun for path in SERVER.rglob("*.py") for noun in SAID.findall(path.read_text(encoding="utf-8"))}


def test_every_noun_has_somebody_who_may_hear_of_it_or_a_reason_why_nobody_does() -> None:
    found = nouns()
    assert len(found) > 15
    assert found - set(SEEN_WITH) - set(OF_NOBODY) == set()
    assert not set(SEEN_WITH) & set(OF_NOBODY)
