"""Learning measured on the disaster messages: `python -m tests.bench.bench_learning [--originals] [--tuned]`.

Learns on `train.csv`, checks on `validation.csv`: F1 of each label of the rules alone, the model alone, both fused, and
TF-IDF with logistic regression (plain, and tuned with pairs of words, balanced classes and thresholds chosen in folds).
"""

import argparse
import os
import sys
import time
from pathlib import Path

from server.places.gazetteer import default_gazetteer
from server.reports.reading import Reading, read

HOME = Path(__file__).parents[3] / "shared" / "data" / "disaster_messages"
COLUMNS = ("rules", "model", "fused", "ours", "plain", "tuned")


def main(argv: list[str]) -> None:
    """Print the table, macro-F1 and the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, default=HOME / "train.csv")
    parser.add_argument("--check", type=Path, default=HOME / "validation.csv")
    parser.add_argument("--originals", action="store_true", help="measure on the original texts instead of English")
    parser.add_argument("--tuned", action="store_true", help="the tuned baseline too: some minutes more")
    chosen = parser.parse_args(argv)
    if not chosen.train.is_file():
        print(f"{chosen.train} is not there: nothing to learn from")
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from server.reports.learning import measuring, training
    from server.reports.learning.corpus import open_corpus
    from server.reports.learning.model import only_speaking

    gazetteer = default_gazetteer("IR")

    def by_rules(text: str) -> Reading:
        return read(text, gazetteer)

    corpus, begun = open_corpus(chosen.train), time.process_time()
    learnt = training.learn(corpus, by_rules, lambda line: print(line, file=sys.stderr))
    print(f"learnt {len(corpus.lines)} lines in {time.process_time() - begun:.0f} s of processor time")
    lines = [x for x in open_corpus(chosen.check).lines if (x.part == "original") == chosen.originals]
    names = learnt.model.labels
    truth = training.truth_of(lines, names)
    columns = measuring.said_of(learnt.model, lines, by_rules)
    # Ours: what the product says where a code stands in a reading; else the model's extra label.
    columns["ours"] = columns["fused"].copy()
    extra = [j for j, name in enumerate(names) if name.startswith("extra.")]
    columns["ours"][:, extra] = columns["model"][:, extra]
    english = [x for x in corpus.lines if (x.part == "original") == chosen.originals]
    columns["plain"] = measuring.baseline(english, lines, names)
    if chosen.tuned:
        columns["tuned"] = measuring.baseline(english, lines, names, tuned=True)
    rows = measuring.table(names, truth, columns)
    shown = [c for c in COLUMNS if c in columns]
    print(f"| label | true | {' | '.join(shown)} |")
    print("|---|---|" + "---|" * len(shown))
    for row in rows:
        print(f"| {row['label']} | {row['true']} | " + " | ".join(f"{row[c]:.2f}" for c in shown) + " |")
    for title, some in (
        ("all labels", rows),
        ("with a code", [r for r in rows if not r["label"].startswith("extra.")]),
    ):
        print(f"| **macro-F1, {title}** | | " + " | ".join(f"{measuring.macro(some, c):.3f}" for c in shown) + " |")
    texts = [line.text for line in lines]
    begun = time.process_time()
    readings = [by_rules(text) for text in texts]
    alone = len(texts) / (time.process_time() - begun)
    helped = measuring.speed(only_speaking(learnt.model), texts, readings, time.process_time)
    both = 1 / (1 / alone + 1 / helped)
    print(f"a second of one core: rules {alone:.0f} messages, model and fusing {helped:.0f}, together {both:.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
