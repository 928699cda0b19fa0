"""What an incident makes of its closure. Pure."""

from typing import Final, Literal

Kind = Literal["road", "bridge", "area"]
LOCATED_WITHIN_M: Final = 60_000.0
"""A road is told by the towns it joins, so it is placed no better; a whole province says nothing of where to turn."""


def stands(incident_status: str, verification: str) -> bool:
    """Whether the closure of such an incident is active: until it is resolved or refuted."""
    return incident_status == "open" and verification != "refuted"
