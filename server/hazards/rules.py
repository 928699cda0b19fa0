"""What a hazard area can be. Pure."""

from typing import Final, Literal, get_args

Kind = Literal["flood", "landslide", "quake_damage", "fire", "contamination", "other"]
Level = Literal["minor", "moderate", "severe", "extreme", "unknown"]
"""Severity, in the words of the Common Alerting Protocol 1.2 (OASIS, 2010)."""
Status = Literal["active", "ended"]
Source = Literal["drawn", "feed"]
Verification = Literal["unverified", "likely", "confirmed", "refuted"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
LEVELS: Final[tuple[str, ...]] = get_args(Level)
SHAPES: Final = frozenset({"Polygon", "MultiPolygon"})
PARTS_MOST: Final = 200
"""Of one area; feeds cut coasts into hundreds of islands."""
