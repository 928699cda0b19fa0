"""How well gold messages are read, by the rules alone and with the base model: `python -m tests.bench.bench_reading`.

`[FILES] [--model both|none|base] [--wrong MEASURE]`. Sums alone are printed for held messages; `--wrong` shows tuned
messages only, as the rules read them. The speed is in processor time.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from server.places.gazetteer import default_gazetteer
from server.reports.learning import base_model
from server.reports.learning.speaking import Helper
from server.reports.reading import read
from tests.support.reading_scores import Case, cases_of, gold_files, halves, readings_of, score

MEASURES = tuple(
    "codes kind people people_invented households place_named place place_invented vulnerable life_recall "  # noqa: SIM905
    "life_precision urgency offers quantity command lang".split()
)
BATCH = 50
LANGS = ("fa", "finglish", "en", "mixed")
_SHOWN = tuple(
    "lang kind incidents needs offers people households place vulnerable urgency command".split()  # noqa: SIM905
)


def speed(cases: list[Case], helper: Helper | None, rounds: int = 5) -> float:
    """Return messages read a second of processor time, the best round of a few; with a helper in batches of 50."""
    gazetteer, best = default_gazetteer(), float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        for start in range(0, len(cases), BATCH):
            readings_of(cases[start : start + BATCH], gazetteer, helper)
        best = min(best, time.process_time() - begun)
    return len(cases) / best


def table(name: str, cases: list[Case], helpers: Sequence[Helper | None]) -> list[str]:
    """Return a line for the tuned and one for the held half, of the rules alone (None) and of each helper."""
    lines = []
    for held, half in halves(cases).items():
        for helper in helpers if half else ():
            figures = score(half, default_gazetteer(), helper).figures()
            cells = " ".join(f"{figures[m]:>6.3f}" if m in figures else "     -" for m in MEASURES)
            who = "base" if helper else "rules"
            lines.append(f"{name:<16} {'held' if held else 'tuned':<5} {who:<5} {len(half):>4} {cells}")
    return lines


def wrong(cases: list[Case], measure: str) -> list[str]:
    """Return the tuned messages that went wrong, gold and reading."""
    tuned = halves(cases)[False]
    lines = []
    for case in score(tuned, default_gazetteer()).wrong.get(measure, []):
        got: dict[str, Any] = read(case["text"], default_gazetteer()).as_dict()
        lines.append(f"{case['id']} {case['text']}")
        for key in _SHOWN:
            have = got[key]
            if key == "place" and have:
                have = f"{have['name']} {have['lat']} {have['lon']}"
            if case.get(key) != got[key] and (case.get(key) or got[key]):
                shown = json.dumps(case.get(key), ensure_ascii=False)
                lines.append(f"    {key}: gold {shown} read {json.dumps(have, ensure_ascii=False)}")
    return lines


def main(argv: list[str]) -> None:
    """Print the figures of gold files, or the tuned messages that went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument(
        "--model", choices=("both", "none", "base"), default="both", help="with the base model or without"
    )
    parser.add_argument("--wrong", metavar="MEASURE", help="codes, kind, people, place, life, vulnerable, urgency …")
    chosen = parser.parse_args(argv)
    files = chosen.files or gold_files()
    everything = [case for path in files for case in cases_of(path)]
    if chosen.wrong:
        print("\n".join(wrong(everything, chosen.wrong)))
        return
    base = Helper(None, base_model.base())
    helpers = {"both": (None, base), "none": (None,), "base": (base,)}[chosen.model]
    print(f"{'':<33} " + " ".join(f"{m[-6:]:>6}" for m in MEASURES))
    print("columns: " + ", ".join(MEASURES))
    for path in files:
        print("\n".join(table(path.stem, cases_of(path), helpers)))
    for lang in LANGS:
        print("\n".join(table(lang, [c for c in everything if c["lang"] == lang], helpers)))
    print("\n".join(table("all", everything, helpers)))
    for helper in helpers:
        who = "with the base model" if helper else "by the rules alone"
        print(f"{speed(everything, helper):.0f} messages a second of processor time {who}")


if __name__ == "__main__":
    main(sys.argv[1:])
