"""The answers of one submission by role, and which of them belong together. Pure.

Which item a number counts, or at which centre, is told by nearness: of all answers of a role in the same round
of a repeat, or outside of it, the one that shares most steps of the path is meant, and of several such the last
before it. So a list as a repeat, groups one below the other, and a plain list of questions are all read alike.
"""

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from field_forms.bindings import Binding, Bindings
from field_forms.openrosa import Instance, parse_number, plain
from field_forms.roles import FIXED

MAX_COUNT = 10_000_000
"""More people or things than any one form can mean; a larger number is a slip of the finger."""
SHOWN = 2_000
"""A typed answer is shown whole up to here (characters); the submission keeps the rest."""
_GROUPS = frozenset({"group", "repeat", "survey", "loop"})
# A number beside an item that nobody named counts no other item that happens to stand further off.
_BLANK_TELLS = frozenset({"item"})
_TYPED = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789", "\u200c\u200e\u200f")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: `key` is its path with indexes, `order` its place in the submission."""

    question: Binding
    key: str
    value: str
    order: int


class Answers:
    """The answers of one instance by role, and the problems met on the way."""

    def __init__(self, instance: Instance, bindings: Bindings) -> None:
        self.instance, self.bindings = instance, bindings
        self.problems: list[tuple[str, str]] = []
        self._by_path: dict[str, list[tuple[str, str, int]]] = {}
        for order, (key, value) in enumerate(instance.fields.items()):
            self._by_path.setdefault(plain(key), []).append((key, value.strip(), order))
        self._by_role: dict[str, list[Binding]] = {}
        for question in bindings.questions:
            if question.role:
                self._by_role.setdefault(question.role, []).append(question)
        self._found: dict[str, list[Answer]] = {}
        self._nearness: dict[str, dict[str, list[Answer]]] = {}

    def has(self, role: str) -> bool:
        """Whether any question of the form has the role."""
        return role in self._by_role

    def all(self, role: str) -> list[Answer]:
        """Every answer to the questions of a role, in the order of the form and of its rounds."""
        if role not in self._found:
            self._found[role] = [
                Answer(question, key, value, order)
                for question in self._by_role.get(role, ())
                if not (role in FIXED and question.args)
                for key, value, order in self._by_path.get(question.path, ())
                if value or role in _BLANK_TELLS
            ]
        return self._found[role]

    def of(self, role: str) -> Iterator[tuple[Binding, str]]:
        """Question and value of every answer of a role."""
        for answer in self.all(role):
            yield answer.question, answer.value

    def nearest(self, role: str, key: str, order: int) -> Answer | None:
        """The answer of a role that is meant at the place `key`, or None."""
        rounds = self._rounds(role)
        steps = key.split("/")
        found: list[Answer] = []
        for depth in range(len(steps), 0, -1):
            found = rounds.get("/".join(steps[:depth]), [])
            if found:
                break
        before = bisect.bisect_right([answer.order for answer in found], order)
        return found[before - 1] if before else (found[0] if found else None)

    def value(self, role: str, key: str, order: int) -> str | None:
        """As `nearest`: the value alone, no longer than what is shown."""
        found = self.nearest(role, key, order)
        return found.value[:SHOWN] if found else None

    def fixed(self, role: str, key: str) -> str | None:
        """The word that a group or a repeat around `key` fixes for a role: the innermost one."""
        here = plain(key)
        inner: tuple[int, str] | None = None
        for question in self._by_role.get(role, ()):
            if not question.args:
                continue
            around = question.path if question.kind in _GROUPS else question.path.rpartition("/")[0]
            if here.startswith(around + "/") and (inner is None or len(around) > inner[0]):
                inner = (len(around), question.args[0])
        return inner[1] if inner else None

    def _rounds(self, role: str) -> dict[str, list[Answer]]:
        """The answers of a role under each path they can be meant at: from their parent up to their round.

        An answer stands for its own round and all that is in it, never for the next round.
        """
        known = self._nearness.get(role)
        if known is None:
            known = self._nearness[role] = {}
            for answer in self.all(role):
                steps = answer.key.split("/")
                # A repeat's own path holds as many steps as its round has, the indexes being part of a step.
                least = answer.question.repeat.count("/") + 1 if answer.question.repeat else 2
                for depth in range(least, len(steps)):
                    known.setdefault("/".join(steps[:depth]), []).append(answer)
            for answers in known.values():
                answers.sort(key=lambda answer: answer.order)
        return known

    def codes(self, question: Binding, value: str, known: Iterable[str] | None = None) -> Iterator[str]:
        """The chosen codes that the form itself offers (and, when given, that are known)."""
        for code in value.split() if question.multiple else [value]:
            if (question.choices and code not in question.choices) or (known is not None and code not in known):
                self.problems.append((question.path, "choice.unknown"))
            else:
                yield code

    def count(self, question: Binding, value: str) -> int | None:
        """A whole number of people or families, or None with its problem noted."""
        number = parse_number(value)
        if number is None or not 0 <= number <= MAX_COUNT or number != int(number):
            self.problems.append((question.path, "number.unusable"))
            return None
        return int(number)

    def amount(self, path: str, value: str) -> float | None:
        """How much of something, from zero up, or None with its problem noted."""
        number = parse_number(value)
        if number is None or not 0 <= number <= MAX_COUNT:
            self.problems.append((path, "number.unusable"))
            return None
        return number

    def quantity(self, path: str, value: str) -> float | None:
        """How much of something, above zero, or None with its problem noted (a plain zero is no problem)."""
        return self.amount(path, value) or None

    def word(self, role: str, key: str, order: int, known: Iterable[str]) -> str | None:
        """The nearest answer of a role when it is one of the known words; another one is noted."""
        found = self.nearest(role, key, order)
        if found is None:
            return None
        if found.value in known:
            return found.value
        self.problems.append((found.question.path, "choice.unknown"))
        return None

    def counted(self, role: str, key: str, order: int) -> int | None:
        """The nearest whole number of a role."""
        found = self.nearest(role, key, order)
        return self.count(found.question, found.value) if found else None


def code(value: str) -> str:
    """A code that a person typed, with Latin digits and capitals and without blanks or marks of direction."""
    return "".join(value.translate(_TYPED).split()).upper()
