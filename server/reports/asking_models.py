"""Joins that the chain was unsure of, put before a person; and what she decided, which holds from then on."""

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Key, Moment, Now


class JoinProposal(Base):
    """Whether the record that `report_id` made (`subject_id`) and an older one (`other_id`) are one happening.

    `reasons` is [[code, points], …], adding up to `score`. `alike` is a digest of what the report said of place,
    landmarks and numbers: what a person has decided about a report goes for the next one that says the same.
    """

    __tablename__ = "join_proposals"
    __table_args__ = (
        CheckConstraint("kind IN ('need', 'incident')", name="kind"),
        CheckConstraint("state IN ('open', 'joined', 'apart')", name="state"),
        UniqueConstraint("subject_id", "other_id"),
        Index("ix_join_proposals_open", "made_at", "id", postgresql_where=text("state = 'open'")),
        Index("ix_join_proposals_emergency", "emergency_id", "made_at", "id", postgresql_where=text("state = 'open'")),
        Index("ix_join_proposals_report", "report_id"),
        Index("ix_join_proposals_decided", "other_id", "alike", postgresql_where=text("state <> 'open'")),
    )
    id: Mapped[Key]
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"))
    kind: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    other_id: Mapped[uuid.UUID]
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"))
    score: Mapped[float]
    reasons: Mapped[list[Any]] = mapped_column(JSONB)
    alike: Mapped[bytes]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    made_at: Mapped[Now]
    decided_at: Mapped[Moment | None]
    decided_by: Mapped[str | None]


class JoinMark(Base):
    """Which records have been told of with a landmark: found by it, however many others their place has.

    `mark` is the landmark's field in `said`; `near` the named place, or zeros where the landmark is one by itself (a
    village). Only an index: what a record's voices really say stands in its tallies.
    """

    __tablename__ = "join_marks"
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"), primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    near: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, index=True)
