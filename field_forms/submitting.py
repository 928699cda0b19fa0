"""What several POSTs, and several edits, of one filled-in form come to. Pure: orders of arrival never matter.

Collect splits a submission with many files into several POSTs, each with the same XML, all but the last with
`*isIncomplete*`; after a lost answer it sends any of them again. An edited form has a new `instanceID` and names
the one it replaces as `deprecatedID`; edits may arrive before what they edit, and two phones may edit the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "whole", "files_missing"]


@dataclass(frozen=True, slots=True)
class Part:
    """One POST: the digest of its XML, its files as (name, digest), and whether the phone said that more comes."""

    xml: str
    files: frozenset[tuple[str, str]] = frozenset()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """All POSTs of one `instanceID` together.

    `xmls` are the digests of its XML (more than one: in conflict), `files` all contents by name (more than one:
    in conflict too; none is dropped), `closed` says that a POST came which announced no further one.
    """

    xmls: frozenset[str] = frozenset()
    files: frozenset[tuple[str, str]] = frozenset()
    closed: bool = False

    @property
    def conflict(self) -> bool:
        """The same instance with different answers."""
        return len(self.xmls) > 1

    @property
    def doubtful(self) -> frozenset[str]:
        """Names under which different contents came."""
        return frozenset(name for name, count in Counter(name for name, _ in self.files).items() if count > 1)

    def names(self) -> frozenset[str]:
        """Names of the files that are here."""
        return frozenset(name for name, _ in self.files)

    def missing(self, wanted: Iterable[str]) -> frozenset[str]:
        """Those files that the answers name and that have not come."""
        return frozenset(wanted) - self.names()

    def state(self, wanted: Iterable[str]) -> State:
        """`whole` as soon as every named file is here, whatever was announced (its last POST may be lost).

        Without one: `waiting` while a POST is announced, else `files_missing`: nobody will send it unasked.
        """
        if not self.missing(wanted) and self.xmls:
            return "whole"
        return "files_missing" if self.closed else "waiting"


def merge(known: Merged, part: Part) -> Merged:
    """Add a POST to what is known: idempotent, and the same in any order."""
    return Merged(known.xmls | {part.xml}, known.files | part.files, known.closed or not part.more)


@dataclass(frozen=True, slots=True)
class News:
    """What a POST brings that was not there: to be stored, before it is answered."""

    xml: bool
    files: frozenset[tuple[str, str]]
    conflict: bool

    @property
    def known(self) -> bool:
        """A mere repetition."""
        return not self.xml and not self.files


def news(known: Merged, part: Part) -> News:
    """Compare a POST with what is known of its instance."""
    fresh = part.xml not in known.xmls
    return News(fresh, part.files - known.files, fresh and bool(known.xmls))


@dataclass(frozen=True, slots=True)
class Lineage:
    """The edits of one filled-in form: `root` the oldest id known, `members` all, `heads` those nobody replaces.

    `current` is the one that counts: the sole head; with several heads (`forked`) the one sent last, which a
    person has to look at. `awaited`: the root is only named, its own submission has not come.
    """

    root: str
    members: tuple[str, ...]
    heads: tuple[str, ...]
    current: str
    awaited: bool

    @property
    def forked(self) -> bool:
        """Two edits of the same answers: both are kept, a person decides."""
        return len(self.heads) > 1


def lineages(replaces: Mapping[str, str | None], order: Mapping[str, int] | None = None) -> dict[str, Lineage]:
    """The lineage of each instance, by id.

    `replaces` maps every instance that came to the one it names as replaced (None: the first of its line; its
    own id counts as None), `order` to a rank of sending (later wins among several heads; ids break ties, so that
    the result never hangs on the order of arrival). A ring of edits, which no phone makes, has for root its
    smallest id and is cut there.
    """
    parent = {one: other for one, other in replaces.items() if other and other != one}
    roots = _roots(replaces, parent)
    groups: dict[str, list[str]] = {}
    for one in replaces:
        root = roots[one]
        groups.setdefault(root, []).append(one)
    found: dict[str, Lineage] = {}
    for root, members in groups.items():
        replaced = {parent[one] for one in members if one in parent and one != root}
        heads = sorted(one for one in members if one not in replaced)
        rank = order or {}
        current = max(heads, key=lambda one: (rank.get(one, 0), one))
        line = Lineage(root, tuple(sorted(members)), tuple(heads), current, root not in replaces)
        found |= dict.fromkeys(members, line)
    return found


def _roots(every: Iterable[str], parent: Mapping[str, str]) -> dict[str, str]:
    """The oldest id of each line; every step is gone once, however long the lines are."""
    roots: dict[str, str] = {}
    for one in every:
        trail: dict[str, int] = {}
        here = one
        while here in parent and here not in roots and here not in trail:
            trail[here] = len(trail)
            here = parent[here]
        root = min(list(trail)[trail[here] :]) if here in trail else roots.get(here, here)
        roots |= dict.fromkeys([*trail, one], root)
    return roots
