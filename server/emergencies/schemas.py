"""What comes in and goes out about emergencies."""

from typing import Any, Literal

import orjson
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field, field_validator

from server.emergencies.rules import area_problem, is_code

Kind = Literal["flood", "earthquake", "other"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("area", check_fields=False)
    @classmethod
    def _area(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and (why := area_problem(value)):
            raise ValueError(f"no area: {why}")
        return value


class NewEmergency(_Body):
    """A new operation. `area` is a GeoJSON Polygon or MultiPolygon."""

    code: str
    name_fa: str = Field(min_length=1, max_length=200)
    name_en: str = Field(min_length=1, max_length=200)
    kind: Kind
    country: str = Field(default="IR", pattern="^[A-Z]{2}$")
    area: dict[str, Any] | None = None

    @field_validator("code")
    @classmethod
    def _code(cls, value: str) -> str:
        if not is_code(value):
            raise ValueError("small Latin letters and digits, parted by single dashes")
        return value


class EmergencyChange(_Body):
    """What a coordinator may change; absent fields stay. `status` closes and opens again."""

    name_fa: str | None = Field(default=None, min_length=1, max_length=200)
    name_en: str | None = Field(default=None, min_length=1, max_length=200)
    kind: Kind | None = None
    status: Literal["open", "closed"] | None = None
    area: dict[str, Any] | None = None


def feature(row: DictRow) -> dict[str, Any]:
    """An emergency as a GeoJSON feature; its geometry is its area or null."""
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": orjson.loads(row["area"]) if row["area"] else None,
        "properties": {
            name: row[name]
            for name in (
                "code",
                "name_fa",
                "name_en",
                "kind",
                "status",
                "drill",
                "country",
                "opened_at",
                "closed_at",
                "version",
            )
        },
    }
