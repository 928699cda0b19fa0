"""Needs: something people lack at a location."""

import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.incidents.models import URGENCIES, VERIFICATIONS
from server.kernel.base import Base, Codes, Geom, Key, Now, Sealed, Versioned, on_earth, point

_OPEN = "status IN ('open', 'tasked')"


class Need(Versioned, Sealed, Base):
    """Maps show `geom_shown`; the exact point is sealed and opened one record at a time, on the record.

    `decided` names the fields that a person has set: the chain leaves those alone; `decided_by` is who did so last.
    `merged_into` is the need that took this one's reports over. `priority` is a score of `needs/rules.py`,
    `priority_why` its reasons [{code, points, …}].
    """

    __tablename__ = "needs"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'tasked', 'met', 'closed')", name="status"),
        CheckConstraint(VERIFICATIONS, name="verification"),
        CheckConstraint(URGENCIES, name="urgency"),
        CheckConstraint("quantity >= 0 AND quantity < 1e9", name="quantity"),
        CheckConstraint("people >= 0", name="people"),
        CheckConstraint("households >= 0", name="households"),
        CheckConstraint("corroboration >= 0", name="corroboration"),
        CheckConstraint("accuracy_m >= 0", name="accuracy"),
        CheckConstraint(on_earth("geom_shown"), name="geom_on_earth"),
        Index("ix_needs_open", "id", postgresql_where=text(_OPEN)),
        Index(
            "ix_needs_open_place",
            "emergency_id",
            "category",
            "place_id",
            "last_reported_at",
            postgresql_where=text(_OPEN),
        ),
        Index(
            "ix_needs_open_near",
            "category",
            "geom_shown",
            postgresql_using="gist",
            postgresql_where=text(_OPEN),
        ),
        Index(
            "ix_needs_refuted",
            "category",
            "geom_shown",
            postgresql_using="gist",
            postgresql_where=text("verification = 'refuted'"),
        ),
        Index("ix_needs_updated", "updated_at", "id"),
        Index("ix_needs_emergency_updated", "emergency_id", "updated_at", "id"),
        Index("ix_needs_category_updated", "emergency_id", "category", "updated_at", "id"),
        Index("ix_needs_status_updated", "emergency_id", "status", "updated_at", "id"),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"))
    incident_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("incidents.id"), index=True)
    category: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'open'"))
    verification: Mapped[str] = mapped_column(server_default=text("'unverified'"))
    urgency: Mapped[str] = mapped_column(server_default=text("'normal'"))
    quantity: Mapped[Decimal | None] = mapped_column(Numeric)
    unit: Mapped[str | None]
    people: Mapped[int | None]
    households: Mapped[int | None]
    vulnerable: Mapped[Codes]
    corroboration: Mapped[int] = mapped_column(server_default=text("0"))
    priority: Mapped[float] = mapped_column(server_default=text("0"))
    priority_why: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    place_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("places.id"))
    geom_shown: Mapped[Geom | None] = point()
    geom_exact_sealed: Mapped[bytes | None]
    accuracy_m: Mapped[float | None]
    first_reported_at: Mapped[Now]
    last_reported_at: Mapped[Now]
    decided_by: Mapped[str | None]
    decided: Mapped[Codes]
    merged_into: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))
