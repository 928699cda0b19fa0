"""Shelters, as forms tell of them."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Geom, Key, Moment, Sealed, Versioned, on_earth, point


class Shelter(Versioned, Sealed, Base):
    """Where people who lost their house stay. `people` and `capacity` are persons, as last said at `said_at`.

    A name that somebody typed is sealed (`name_hash` finds it again) until a coordinator gives the shelter its name.
    """

    __tablename__ = "shelters"
    __table_args__ = (
        UniqueConstraint("emergency_id", "name_hash"),
        CheckConstraint("state IN ('open', 'full', 'closed')", name="state"),
        CheckConstraint("people >= 0 AND capacity >= 0", name="counts"),
        CheckConstraint(on_earth("geom"), name="geom"),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    name_fa: Mapped[str | None]
    name_en: Mapped[str | None]
    name_hash: Mapped[bytes | None]
    name_sealed: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    people: Mapped[int | None]
    capacity: Mapped[int | None]
    said_at: Mapped[Moment | None]
    report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"))
    geom: Mapped[Geom | None] = point()
