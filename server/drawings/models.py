"""What coordinators draw on the map: notes, areas and routes. Their words are sealed."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Geom, Key, Moment, Sealed, Versioned, on_earth, shape


class Drawing(Versioned, Sealed, Base):
    """A point, line or area with a purpose, and perhaps words, which only those who steer may open."""

    __tablename__ = "drawings"
    __table_args__ = (
        CheckConstraint("kind IN ('note', 'area', 'route')", name="kind"),
        CheckConstraint(
            "purpose IN ('search', 'searched', 'staging', 'landing', 'no_go', 'water', 'other')", name="purpose"
        ),
        CheckConstraint("status IN ('active', 'removed')", name="status"),
        CheckConstraint(on_earth("geom"), name="geom_on_earth"),
        Index("ix_drawings_emergency_updated", "emergency_id", "updated_at", "id"),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"))
    kind: Mapped[str]
    purpose: Mapped[str] = mapped_column(server_default=text("'other'"))
    status: Mapped[str] = mapped_column(server_default=text("'active'"))
    words_sealed: Mapped[bytes | None]
    valid_until: Mapped[Moment | None]
    geom: Mapped[Geom] = shape(nullable=False)
