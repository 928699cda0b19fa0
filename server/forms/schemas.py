"""What becomes of a form that is published."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A form after publishing; `known` when that very version was the published one already."""

    form_id: str
    version: str
    known: bool
