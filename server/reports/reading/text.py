"""A message prepared for reading: folded, cut into words, sentences and clauses, with patterns and numbers found."""

import re
from dataclasses import dataclass, field, replace
from operator import attrgetter

from server.places.gazetteer import Token
from server.places.names import Folded, fold, fold_key
from server.places.points import find_points
from server.reports.reading.finglish import is_english, persian
from server.reports.reading.frames import frames
from server.reports.reading.hints import Hints
from server.reports.reading.lexicon import Hit, lexicon
from server.reports.reading.model import PlaceRead, Why
from server.reports.reading.numbers import Number, find_numbers
from server.reports.reading.own import OwnWords
from server.reports.reading.typos import mended

MAX_CHARS = 4000

_WORD = re.compile(r"\d+(?:[.,٬]\d+)*|[^\W\d_]+")
_SENTENCE_END = re.compile(r"[.!?؟;؛…\n]")
_CLAUSE_END = re.compile(r"[,،:()\[\]/|]")
_FIRST, _FIRST_AND_LAST = attrgetter("first"), attrgetter("first", "last")
# Words that turn the talk: what stands before them says nothing about what stands after.
_TURNS = frozenset(fold_key(w) for w in ("ولی", "اما", "لیکن", "but", "however", "vali", "ama", "although", "بلکه"))


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
    written: "Message | None" = None
    original: str = ""
    hints: Hints | None = None
    own: OwnWords | None = None
    points: list[tuple[int, int]] = field(default_factory=list)
    candidates: list[PlaceRead] = field(default_factory=list)
    _signalled: set[str] | None = field(default=None, init=False)

    @property
    def as_written(self) -> "Message":
        """The message in the letters it came in, where names of places are looked up; it notes into the same `why`."""
        return self.written or self

    @property
    def text(self) -> str:
        """The folded text."""
        return self.folded.text

    def signals(self, *codes: str) -> list[Hit]:
        """Return the signal hits of these codes, in order."""
        if not self.has(*codes):
            return []
        return [h for h in self.hits if h.group == "signal" and h.code in codes]

    def has(self, *codes: str) -> bool:
        """Tell whether a signal of these codes was found."""
        if self._signalled is None:
            self._signalled = {h.code for h in self.hits if h.group == "signal"}
        return not self._signalled.isdisjoint(codes)

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


def prepare(text: str, hints: Hints | None = None, own: OwnWords | None = None) -> Message:
    """Fold and scan a message; only its first `MAX_CHARS` characters are read."""
    cut = len(text) > MAX_CHARS
    # A line break ends a sentence, but folding would make it a space; both are one character, so offsets hold.
    folded = fold(text[:MAX_CHARS].replace("\n", ".").replace("\r", "."))
    tokens = [Token(m.group(), m.start(), m.end()) for m in _WORD.finditer(folded.text)]
    sentence, clause, questions = _divide(folded.text, tokens)
    hits = _scanned(folded.text, tokens, sentence, clause, own)
    original = text[:MAX_CHARS]
    points = [(p.start, p.end) for p in find_points(original)]
    numbers = _counting(find_numbers(tokens), tokens, folded, points)
    return Message(
        folded,
        tokens,
        sentence,
        clause,
        questions,
        hits,
        numbers,
        cut,
        original=original,
        hints=hints,
        own=own,
        points=points,
    )


def _scanned(text: str, tokens: list[Token], sentence: list[int], clause: list[int], own: OwnWords | None) -> list[Hit]:
    """What the lexicon and its frames find, and what the own words of the coordinators find, in order of place."""
    hits = [*lexicon().scan(text, tokens), *frames().scan(tokens, sentence, clause)]
    return sorted([*hits, *own.scan(text, tokens)] if own else hits, key=_FIRST)


def spoken(message: Message, lang: str) -> Message:
    """Return the message as its rules should see it: Latin-letter Persian also in Persian letters, so that one lexicon
    serves both. What was found in the words as written is kept; word indexes stay, offsets lead to the original.
    """
    lang = "finglish" if lang == "en" and _is_hidden_finglish(message) else lang
    changes = {
        index: other
        for index, token in enumerate(message.tokens)
        if (other := _respelt(token.text, lang)) is not None and other != token.text
    }
    if not changes:
        return message
    if lang == "finglish":
        # A lone e joins two words, and is not written in Persian letters.
        changes |= {index: "" for index, token in enumerate(message.tokens) if token.text == "e" and index}
    pieces: list[str] = []
    offsets: list[int] = []
    tokens: list[Token] = []
    before, length = 0, 0
    for index, token in enumerate(message.tokens):
        text = changes.get(index, token.text)
        if text:
            pieces.append(message.text[before : token.start])
            offsets.extend(message.folded.offsets[before : token.start])
            length += token.start - before
        before = token.end
        last = token.end - token.start - 1
        # The last sign of a changed word stands for its last letter, the others for those they come nearest to.
        offsets.extend(
            message.folded.offsets[token.start + (last if at == len(text) - 1 else min(at, last))]
            for at in range(len(text))
        )
        tokens.append(Token(text, length, length + len(text)))
        pieces.append(text)
        length += len(text)
    pieces.append(message.text[before:])
    offsets.extend(message.folded.offsets[before:])
    folded = Folded("".join(pieces), tuple(offsets), message.folded.original_length)
    moved = [h._replace(start=tokens[h.first].start, end=tokens[h.last].end) for h in message.hits]
    hits = list(dict.fromkeys((*_scanned(folded.text, tokens, message.sentence, message.clause, message.own), *moved)))
    hits.sort(key=_FIRST_AND_LAST)
    numbers = _counting(find_numbers(tokens), tokens, folded, message.points)
    return replace(message, folded=folded, tokens=tokens, hits=hits, numbers=numbers, written=message)


_FEW_ENGLISH = 0.12
_KNOWN_PERSIAN = 0.4


def _is_hidden_finglish(message: Message) -> bool:
    """Tell whether a short Latin text without English small words is Persian after all."""
    words = [t.text for t in message.tokens if "a" <= t.text[0] <= "z" and len(t.text) > 1]
    if len(words) < 2 or sum(map(is_english, words)) > _FEW_ENGLISH * len(words):
        return False
    return sum(persian(w) is not None for w in words) >= _KNOWN_PERSIAN * len(words)


def _respelt(word: str, lang: str) -> str | None:
    if "a" <= word[0] <= "z":
        if lang == "en":
            return mended(word)
        return persian(word) if lang == "finglish" or (lang == "mixed" and not is_english(word)) else None
    return mended(word) if word[0] > "\u0600" else None


def _counting(numbers: list[Number], tokens: list[Token], folded: Folded, spans: list[tuple[int, int]]) -> list[Number]:
    """Leave out the numbers that are coordinates: they count nobody."""
    if not spans:
        return numbers
    at = [folded.offsets[tokens[n.first].start] for n in numbers]
    return [n for n, start in zip(numbers, at, strict=True) if not any(a <= start < b for a, b in spans)]


def _divide(text: str, tokens: list[Token]) -> tuple[list[int], list[int], frozenset[int]]:
    """Number the sentence and the clause of each word; name the sentences that end in a question mark."""
    sentences: list[int] = []
    clauses: list[int] = []
    questions: set[int] = set()
    sentence = clause = 0
    before = 0
    for token in tokens:
        between = text[before : token.start]
        plain = between == " " or not sentences
        if not plain and _SENTENCE_END.search(between):
            if "?" in between or "؟" in between:
                questions.add(sentence)
            sentence += 1
            clause += 1
        elif sentences and (token.text in _TURNS or (not plain and _CLAUSE_END.search(between))):
            clause += 1
            sentence += token.text in _TURNS
        sentences.append(sentence)
        clauses.append(clause)
        before = token.end
    if tokens and re.search(r"[?؟]", text[before:]):
        questions.add(sentence)
    return sentences, clauses, frozenset(questions)
