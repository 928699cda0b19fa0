"""Which reports wait for a person to look at how they were read."""

import uuid

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Moment

_WAITS = text("looked_at IS NULL")


class Look(Base):
    """A report that was read, and whether a person has looked at its reading. `rank`: 0 comes first (`inbox_rules`).

    `held_by` is a desk (one open page, a random name): until `held_until` nobody else is given the report. Held by
    nobody until a moment: somebody did not know and left it for later.
    """

    __tablename__ = "report_looks"
    __table_args__ = (
        Index("ix_report_looks_next", "rank", "received_at", "report_id", postgresql_where=_WAITS),
        Index("ix_report_looks_emergency", "emergency_id", "rank", "received_at", "report_id", postgresql_where=_WAITS),
    )
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    rank: Mapped[int] = mapped_column(SmallInteger)
    received_at: Mapped[Moment]
    held_by: Mapped[uuid.UUID | None]
    held_until: Mapped[Moment | None]
    looked_at: Mapped[Moment | None]
    looked_by: Mapped[str | None]
