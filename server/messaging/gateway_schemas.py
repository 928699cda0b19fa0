"""What comes in and goes out about gateways."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field, field_validator

from server.messaging.gateway_rules import is_silent, networks_wrong
from server.messaging.gateways import Gateway

Kind = Literal["kannel", "android", "twilio", "generic", "fake"]
_SETTINGS_MOST: Final = 8_000
Secret = Annotated[str | None, Field(max_length=500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("allow_from", check_fields=False)
    @classmethod
    def _networks(cls, value: list[str] | None) -> list[str] | None:
        if value and (wrong := networks_wrong(value)):
            raise ValueError(f"no network: {wrong[0][:60]}")
        return value

    @field_validator("settings", check_fields=False)
    @classmethod
    def _settings(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and len(orjson.dumps(value)) > _SETTINGS_MOST:
            raise ValueError("too long")
        return value


class NewGatewayBody(_Body):
    """A new gateway. `beat_s`: 0 is the kind's default, null is not watched."""

    kind: Kind
    name: str = Field(min_length=1, max_length=60)
    way: Literal["token", "path", "none"] = "token"
    emergency: UUID | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    allow_from: list[str] = Field(default_factory=list, max_length=50)
    sends: bool = False
    send_order: int = Field(default=0, ge=-1000, le=1000)
    daily_segments: int | None = Field(default=None, ge=0, le=10_000_000)
    beat_s: int | None = Field(default=0, ge=0, le=86_400)

    @field_validator("beat_s")
    @classmethod
    def _beat(cls, value: int | None) -> int | None:
        return _beat_s(value)


class GatewayChange(_Body):
    """What may be changed; absent fields stay. `secrets` are laid over those kept, null ends one."""

    name: str | None = Field(default=None, min_length=1, max_length=60)
    enabled: bool | None = None
    settings: dict[str, Any] | None = None
    secrets: dict[str, Secret] | None = Field(default=None, repr=False)
    allow_from: list[str] | None = Field(default=None, max_length=50)
    sends: bool | None = None
    send_order: int | None = Field(default=None, ge=-1000, le=1000)
    daily_segments: int | None = Field(default=None, ge=0, le=10_000_000)
    beat_s: int | None = Field(default=None, ge=5, le=86_400)

    def columns(self) -> dict[str, Any]:
        """What was sent, by column; null means something for `daily_segments` and `beat_s` alone."""
        sent = self.model_dump(exclude_unset=True)
        return {k: v for k, v in sent.items() if v is not None or k in {"daily_segments", "beat_s"}}


class Renewal(_Body):
    """Which way in is made anew."""

    way: Literal["token", "path"]


def _beat_s(value: int | None) -> int | None:
    if value is not None and 0 < value < 5:  # noqa: PLR2004 - as the table's CHECK has it
        raise ValueError("five seconds at least")
    return value


def shown(gateway: Gateway, row: DictRow | None = None) -> dict[str, Any]:
    """A gateway as the API gives it: the names of its secrets, never what they are."""
    beats = row or {}
    quiet_s = beats.get("quiet_s")
    return {
        "id": gateway.id,
        "kind": gateway.kind,
        "name": gateway.name,
        "enabled": gateway.enabled,
        "emergency": gateway.emergency_id,
        "token": gateway.token_id,
        "path": gateway.path_hash is not None,
        "allow_from": list(gateway.allow_from),
        "settings": dict(gateway.settings),
        "secrets": sorted(gateway.secrets),
        "sends": gateway.sends,
        "send_order": gateway.send_order,
        "daily_segments": gateway.daily_segments,
        "beat_s": gateway.beat_s,
        "version": gateway.version,
        "last_in_at": beats.get("last_in_at"),
        "last_out_at": beats.get("last_out_at"),
        "last_beat_at": beats.get("last_beat_at"),
        "trouble": beats.get("trouble"),
        "quiet_s": None if quiet_s is None else round(quiet_s),
        "silent": gateway.enabled and is_silent(quiet_s, gateway.beat_s),
    }
