"""What is sent to and answered by the own lexicon."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Group = Literal[
    "need_items",
    "need_weak",
    "need_direct",
    "no_need",
    "incident",
    "urgency",
    "vulnerable",
    "kind",
    "ordinary",
    "alias",
]


class EntryIn(BaseModel):
    """A new entry, or one to be tried. `emergency` None: for all; `entry`: the one that it would take the place of."""

    model_config = ConfigDict(extra="forbid")
    phrase: str = Field(max_length=1000)
    group: Group
    code: str = Field(default="word", max_length=40)
    place_id: UUID | None = None
    emergency: UUID | None = None
    entry: UUID | None = None


class EntryEdit(BaseModel):
    """What a person changes of an entry; `active` false takes it out."""

    model_config = ConfigDict(extra="forbid")
    phrase: str | None = Field(default=None, max_length=1000)
    group: Group | None = None
    code: str | None = Field(default=None, max_length=40)
    place_id: UUID | None = None
    active: bool | None = None
    version: int = Field(default=0, exclude=True)

    def changes(self) -> dict[str, Any]:
        """What was sent."""
        return {k: v for k, v in self.model_dump(exclude_unset=True).items() if v is not None and k != "version"}


def feature(row: Mapping[str, Any]) -> dict[str, Any]:
    """A version of an entry."""
    place = None
    if row["target_id"]:
        place = {"id": row["target_id"], "name": row["name_en"], "name_fa": row["name_fa"]}
    return {
        "id": row["id"],
        "version": row["number"],
        "active": row["active"],
        "emergency": row["emergency_id"],
        "phrase": row["phrase"],
        "group": row["group"],
        "code": row["code"],
        "place": place,
        "made_at": row["made_at"],
        "made_by": row["made_by"],
    }
