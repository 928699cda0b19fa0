"""Incidents: something that happened at a location, made of one or more reports."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Geom, Key, Now, Versioned, on_earth, point

VERIFICATIONS = "verification IN ('unverified', 'likely', 'confirmed', 'refuted')"
URGENCIES = "urgency IN ('life', 'high', 'normal', 'none')"


class Incident(Versioned, Base):
    """Exact on the map: bridges and buildings are no household. `geom` is null while it is not located.

    `decided` names the fields that a person has set; `merged_into` is the incident that took this one's reports over.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'resolved')", name="status"),
        CheckConstraint(VERIFICATIONS, name="verification"),
        CheckConstraint(URGENCIES, name="urgency"),
        CheckConstraint("people >= 0", name="people"),
        CheckConstraint("corroboration >= 0", name="corroboration"),
        CheckConstraint("accuracy_m >= 0", name="accuracy"),
        CheckConstraint(on_earth("geom"), name="geom_on_earth"),
        Index(
            "ix_incidents_open_place",
            "emergency_id",
            "category",
            "place_id",
            "last_reported_at",
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_incidents_open_near",
            "category",
            "geom",
            postgresql_using="gist",
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_incidents_refuted",
            "category",
            "geom",
            postgresql_using="gist",
            postgresql_where=text("verification = 'refuted'"),
        ),
        Index("ix_incidents_updated", "updated_at", "id"),
        Index("ix_incidents_emergency_updated", "emergency_id", "updated_at", "id"),
        Index("ix_incidents_category_updated", "emergency_id", "category", "updated_at", "id"),
        Index("ix_incidents_status_updated", "emergency_id", "status", "updated_at", "id"),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"))
    category: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'open'"))
    verification: Mapped[str] = mapped_column(server_default=text("'unverified'"))
    urgency: Mapped[str] = mapped_column(server_default=text("'normal'"))
    people: Mapped[int | None]
    corroboration: Mapped[int] = mapped_column(server_default=text("0"))
    place_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("places.id"))
    geom: Mapped[Geom | None] = point()
    accuracy_m: Mapped[float | None]
    first_reported_at: Mapped[Now]
    last_reported_at: Mapped[Now]
    decided_by: Mapped[str | None]
    decided: Mapped[Codes]
    merged_into: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("incidents.id"))
