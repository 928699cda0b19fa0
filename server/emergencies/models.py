"""Emergencies: one flood or earthquake and the operation for it."""

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Geom, Key, Moment, Now, Versioned, on_earth, shape


class Emergency(Versioned, Base):
    """What reports, incidents, needs, tasks and closures belong to."""

    __tablename__ = "emergencies"
    __table_args__ = (
        CheckConstraint("kind IN ('flood', 'earthquake', 'other')", name="kind"),
        CheckConstraint("status IN ('open', 'closed')", name="status"),
        CheckConstraint(on_earth("area"), name="area_on_earth"),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'open'"))
    drill: Mapped[bool] = mapped_column(server_default=text("false"))
    country: Mapped[str] = mapped_column(server_default=text("'IR'"))
    area: Mapped[Geom | None] = shape()
    opened_at: Mapped[Now]
    closed_at: Mapped[Moment | None]
