"""Settings from the environment: everything an instance needs to know before it starts."""

from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One instance. `HAMYAR_*` variables; `DATABASE_URL` and `REDIS_URL` as DESIGN fixes them."""

    model_config = SettingsConfigDict(env_prefix="HAMYAR_", extra="ignore")

    home: Path = Path("var")
    port: int = Field(default=8000, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=64)
    drill: bool = False
    country: str = Field(default="IR", min_length=2, max_length=2)
    language: str = "fa"
    public_url: str = ""
    """How browsers and gateways reach this instance; empty means http://127.0.0.1:{port}."""
    proxies: str = "127.0.0.1,::1"
    """Proxies in front of this instance (addresses and networks, by commas): from them alone X-Forwarded-For and
    X-Forwarded-Proto are believed, so that a gateway's allow-list sees who really calls."""
    tile_url: str = ""
    """An online raster tile template. Empty (the default) means no page ever asks another host."""
    tile_attribution: str = ""
    lease_s: int = Field(default=300, ge=1)
    """How long a claim lasts without a heartbeat, in seconds of the database's clock."""
    life_s: int = Field(default=300, ge=1)
    """How long a report on which a life may hang waits for somebody to look before telephones ring, in seconds."""
    offer_after_s: int = Field(default=60, ge=0)
    """How long a task waits for somebody to choose it before it is offered to the best candidates, in seconds."""
    sms_accept_s: int = Field(default=900, ge=1)
    """How long a volunteer who was sent a task by text has to accept it: texts are slower than the app."""
    sms_hold_s: int = Field(default=7200, ge=1)
    """How long a task accepted by text is hers without another word: her telephone sends no heartbeat."""
    registration: bool = True
    """Whether people may register as volunteers by themselves; nothing is given to them before a centre says yes."""
    registration_days: int = Field(default=30, ge=1)
    """How long a registration waits for its centre's word before it is refused and its name and number forgotten."""
    max_body_bytes: int = Field(default=20_000_000, ge=1024)
    timezone: str = "Asia/Tehran"
    """The calendar of this instance: where a day of the outbox begins, and when its quiet hours are."""
    quiet_hours: str = Field(default="22:00-07:00", pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$")
    """When only life-saving messages, alarms and answers are texted; empty: never quiet."""
    daily_segments: int | None = Field(default=None, ge=0)
    """How many segments all gateways together may send in a day; life-saving messages pass."""
    recipient_hourly: int = Field(default=20, ge=1)
    """How many messages one number gets in an hour; life-saving messages pass."""
    give_way: bool = True
    """Whether the workers let web processes and the database go first. Not where others' work fills the machine: beside
    it reading would get next to nothing."""
    spool: Path | None = None
    """Where messages lie while the database is away; best on another disk than the database's."""
    spool_bytes: int = Field(default=2_000_000_000, ge=1_000_000)
    """How much may lie there, in bytes of all processes together. A message takes about a kilobyte."""
    database_url: str = Field(default="", validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    redis_url: str = Field(default="", validation_alias=AliasChoices("REDIS_URL", "redis_url"))

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"HAMYAR_TIMEZONE names no time zone: {name}") from error
        return name

    @property
    def url(self) -> str:
        """The base address printed to people, without a trailing slash."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def keys_dir(self) -> Path:
        """Where the sealing keys lie; may later be another machine's."""
        return self.home / "keys"

    @property
    def spool_dir(self) -> Path:
        """Where messages lie while the database is away."""
        return self.spool or self.home / "spool"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
