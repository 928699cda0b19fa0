"""Volunteers: who can go."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Key, Sealed, Versioned


class Volunteer(Versioned, Sealed, Base):
    """Known by a code; name and number are sealed. Coarse live positions lie in Redis with an expiry."""

    __tablename__ = "volunteers"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'resting', 'away', 'inactive')", name="status"),
        CheckConstraint("gender IN ('woman', 'man')", name="gender"),
        CheckConstraint("capacity_kg >= 0", name="capacity"),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    centre_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("centres.id"), index=True)
    name_sealed: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    phone_hash: Mapped[bytes | None] = mapped_column(unique=True)
    skills: Mapped[Codes]
    languages: Mapped[Codes]
    gender: Mapped[str | None]
    vehicle: Mapped[str | None]
    capacity_kg: Mapped[float | None]
    status: Mapped[str] = mapped_column(server_default=text("'active'"))
