"""How well gold messages are read: `python -m tests.bench.bench_reading [FILES] [--wrong MEASURE]` prints the figures.

Sums alone are printed for held messages; `--wrong` shows tuned messages only. The speed is in processor time.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from server.places.gazetteer import default_gazetteer
from server.reports.reading import read
from tests.support.reading_scores import Case, cases_of, gold_files, halves, score

MEASURES = tuple(
    "codes kind people people_invented households place_named place place_invented vulnerable life_recall "  # noqa: SIM905
    "life_precision urgency offers quantity command lang".split()
)
LANGS = ("fa", "finglish", "en", "mixed")
_SHOWN = tuple(
    "lang kind incidents needs offers people households place vulnerable urgency command".split()  # noqa: SIM905
)


def speed(cases: list[Case], rounds: int = 5) -> float:
    """Return messages read a second of processor time, the best round of a few."""
    gazetteer, best = default_gazetteer(), float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        for case in cases:
            read(case["text"], gazetteer)
        best = min(best, time.process_time() - begun)
    return len(cases) / best


def table(name: str, cases: list[Case]) -> list[str]:
    """Return a line for the tuned and one for the held half."""
    lines = []
    for held, half in halves(cases).items():
        if half:
            figures = score(half, default_gazetteer()).figures()
            cells = " ".join(f"{figures[m]:>6.3f}" if m in figures else "     -" for m in MEASURES)
            lines.append(f"{name:<16} {'held' if held else 'tuned':<5} {len(half):>4} {cells}")
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
    parser.add_argument("--wrong", metavar="MEASURE", help="codes, kind, people, place, life, vulnerable, urgency …")
    chosen = parser.parse_args(argv)
    files = chosen.files or gold_files()
    everything = [case for path in files for case in cases_of(path)]
    if chosen.wrong:
        print("\n".join(wrong(everything, chosen.wrong)))
        return
    print(f"{'':<27} " + " ".join(f"{m[-6:]:>6}" for m in MEASURES))
    print("columns: " + ", ".join(MEASURES))
    for path in files:
        print("\n".join(table(path.stem, cases_of(path))))
    for lang in LANGS:
        print("\n".join(table(lang, [c for c in everything if c["lang"] == lang])))
    print("\n".join(table("all", everything)))
    print(f"{speed(everything):.0f} messages a second of processor time")


if __name__ == "__main__":
    main(sys.argv[1:])
