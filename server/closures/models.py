"""Closures: blocked roads and bridges as geometry."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Geom, Key, Moment, Now, Versioned, on_earth, shape


class Closure(Versioned, Base):
    """A line, point or area that nobody passes, until lifted."""

    __tablename__ = "closures"
    __table_args__ = (
        CheckConstraint("kind IN ('road', 'bridge', 'area')", name="kind"),
        CheckConstraint("status IN ('active', 'lifted')", name="status"),
        CheckConstraint("verification IN ('unverified', 'likely', 'confirmed', 'refuted')", name="verification"),
        CheckConstraint(on_earth("geom"), name="geom_on_earth"),
        Index("ix_closures_emergency_updated", "emergency_id", "updated_at", "id"),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"), index=True)
    incident_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("incidents.id"), unique=True)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'active'"))
    verification: Mapped[str] = mapped_column(server_default=text("'unverified'"))
    geom: Mapped[Geom] = shape(nullable=False)
    valid_from: Mapped[Now]
    valid_until: Mapped[Moment | None]
