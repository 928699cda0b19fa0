"""What a submission brings, and what becomes of it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a submission, as sent."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """One POST of a phone: the answers' XML and this POST's share of the files."""

    xml: bytes
    files: tuple[Upload, ...] = ()
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A submission after it was stored: the report it became; `known` when it was there already.

    `conflict`: the same instance came before with other answers; both are kept. `files` counts new files.
    """

    report_id: UUID
    receipt: str
    known: bool
    conflict: bool
    files: int


@dataclass(frozen=True, slots=True)
class Published:
    """A form after publishing; `known` when that very version was the published one already."""

    form_id: str
    version: str
    known: bool
