"""A message prepared for reading: folded, cut into words, sentences and clauses, with patterns and numbers found."""

import re
from dataclasses import dataclass, field

from server.places.gazetteer import Token
from server.places.names import Folded, fold, fold_key
from server.reports.reading.lexicon import Hit, lexicon
from server.reports.reading.model import Why
from server.reports.reading.numbers import Number, find_numbers

MAX_CHARS = 4000

_WORD = re.compile(r"\d+(?:[.,٬]\d+)*|[^\W\d_]+")
_SENTENCE_END = re.compile(r"[.!?؟;؛…\n]")
_CLAUSE_END = re.compile(r"[,،:()\[\]/|]")
# Words that turn the talk: what stands before them says nothing about what stands after.
_TURNS = frozenset(
    fold_key(w) for w in ("ولی", "اما", "لیکن", "but", "however", "vali", "ama", "although", "still", "بلکه")
)


@dataclass(slots=True)
class Message:
    """The working state of one reading. All indexes are word indexes unless said otherwise."""

    folded: Folded
    tokens: list[Token]
    sentence: list[int]
    clause: list[int]
    questions: frozenset[int]
    hits: list[Hit]
    numbers: list[Number]
    cut: bool
    why: list[Why] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The folded text."""
        return self.folded.text

    def signals(self, *codes: str) -> list[Hit]:
        """Return the signal hits of these codes, in order."""
        return [h for h in self.hits if h.group == "signal" and h.code in codes]

    def has(self, *codes: str) -> bool:
        """Tell whether a signal of these codes was found."""
        return any(h.group == "signal" and h.code in codes for h in self.hits)

    def word(self, index: int) -> str:
        """Return a word, '' beyond either end."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def note(self, rule: str, start: int, end: int) -> None:
        """Record that a rule fired on a span of the folded text."""
        a, b = self.folded.span(start, end)
        self.why.append(Why(rule, a, b))

    def note_hit(self, hit: Hit) -> None:
        """Record a pattern's rule."""
        self.note(hit.rule, hit.start, hit.end)


def prepare(text: str) -> Message:
    """Fold and scan a message; only its first `MAX_CHARS` characters are read."""
    cut = len(text) > MAX_CHARS
    # A line break ends a sentence, but folding would make it a space; both are one character, so offsets hold.
    folded = fold(text[:MAX_CHARS].replace("\n", ".").replace("\r", "."))
    tokens = [Token(m.group(), m.start(), m.end()) for m in _WORD.finditer(folded.text)]
    sentence, clause, questions = _divide(folded.text, tokens)
    hits = lexicon().scan(folded.text, tokens)
    return Message(folded, tokens, sentence, clause, questions, hits, find_numbers(tokens), cut)


def _divide(text: str, tokens: list[Token]) -> tuple[list[int], list[int], frozenset[int]]:
    """Number the sentence and the clause of each word; name the sentences that end in a question mark."""
    sentences: list[int] = []
    clauses: list[int] = []
    questions: set[int] = set()
    sentence = clause = 0
    before = 0
    for token in tokens:
        between = text[before : token.start]
        if sentences and _SENTENCE_END.search(between):
            if "?" in between or "؟" in between:
                questions.add(sentence)
            sentence += 1
            clause += 1
        elif sentences and (_CLAUSE_END.search(between) or token.text in _TURNS):
            clause += 1
            sentence += token.text in _TURNS
        sentences.append(sentence)
        clauses.append(clause)
        before = token.end
    if tokens and re.search(r"[?؟]", text[before:]):
        questions.add(sentence)
    return sentences, clauses, frozenset(questions)
