"""Hazard areas: where it is dangerous, as drawn by people or told by feeds."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.hazards.rules import KINDS, LEVELS
from server.kernel.base import Base, Geom, Key, Moment, Now, Versioned, on_earth, shape


def _one_of(column: str, codes: tuple[str, ...]) -> str:
    return f"{column} IN (" + ", ".join(f"'{code}'" for code in codes) + ")"


class Hazard(Versioned, Base):
    """An area of danger. A feed's is known again by (`feed`, `feed_key`); a drawn one has neither."""

    __tablename__ = "hazards"
    __table_args__ = (
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint(_one_of("level", LEVELS), name="level"),
        CheckConstraint("status IN ('active', 'ended')", name="status"),
        CheckConstraint("verification IN ('unverified', 'likely', 'confirmed', 'refuted')", name="verification"),
        CheckConstraint("source IN ('drawn', 'feed')", name="source"),
        CheckConstraint("(source = 'feed') = (feed IS NOT NULL)", name="feed"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="valid"),
        CheckConstraint("GeometryType(geom) IN ('POLYGON', 'MULTIPOLYGON')", name="geom_area"),
        CheckConstraint(on_earth("geom"), name="geom_on_earth"),
        Index("ix_hazards_emergency_updated", "emergency_id", "updated_at", "id"),
        Index("uq_hazards_feed_key", "feed", "feed_key", unique=True, postgresql_where=text("feed_key IS NOT NULL")),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"))
    kind: Mapped[str]
    level: Mapped[str] = mapped_column(server_default=text("'unknown'"))
    status: Mapped[str] = mapped_column(server_default=text("'active'"))
    verification: Mapped[str] = mapped_column(server_default=text("'unverified'"))
    source: Mapped[str] = mapped_column(server_default=text("'drawn'"))
    feed: Mapped[str | None]
    feed_key: Mapped[str | None]
    geom: Mapped[Geom] = shape(nullable=False)
    valid_from: Mapped[Now]
    valid_until: Mapped[Moment | None]
