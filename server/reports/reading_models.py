"""What people add to reading: words of their own, corrections, and what reading anew would change."""

import uuid
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Key, Moment, Now


class LexiconEntry(Base):
    """One version of an entry of the own lexicon. Rows are only added: the newest version of an `entry_id` holds.

    `seq` grows with each version of any entry, so that a process sees by one number that something is new.
    `emergency_id` None: for the whole instance. `target_id`: the place that an alias means. `active` false: taken back.
    """

    __tablename__ = "lexicon_entries"
    __table_args__ = (
        UniqueConstraint("entry_id", "number"),
        UniqueConstraint("seq"),
        CheckConstraint("length(phrase) BETWEEN 1 AND 200", name="phrase"),
        CheckConstraint("(\"group\" = 'alias') = (target_id IS NOT NULL)", name="target"),
        Index("ix_lexicon_entries_current", "emergency_id", "seq", postgresql_where=text("current")),
        Index("uq_lexicon_entries_current", "entry_id", unique=True, postgresql_where=text("current")),
    )
    id: Mapped[Key]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    entry_id: Mapped[uuid.UUID]
    number: Mapped[int]
    current: Mapped[bool] = mapped_column(server_default=text("true"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    phrase: Mapped[str]
    group: Mapped[str]
    code: Mapped[str]
    target_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("places.id"))
    made_at: Mapped[Now]
    made_by: Mapped[str]


class ReadingCorrection(Base):
    """A reading that a person set right: what it was and what it is, in numbers and codes, never in words.

    One that was taken back (`undone_at`) teaches nothing.
    """

    __tablename__ = "reading_corrections"
    __table_args__ = (
        Index("ix_reading_corrections_made", "made_at", "id"),
        Index("ix_reading_corrections_report", "report_id", "made_at"),
    )
    id: Mapped[Key]
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"))
    reading_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("readings.id"), unique=True)
    before_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("readings.id"))
    made_at: Mapped[Now]
    made_by: Mapped[str]
    fields: Mapped[list[Any]] = mapped_column(JSONB)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    undone_at: Mapped[Moment | None]
    undone_by: Mapped[str | None]


class Reread(Base):
    """Reading all reports (of an emergency, since a moment) anew: how far it has come.

    `at_received`, `at_id`: the last report that was looked at; a process that goes on after another begins there.
    `kept`: reports that would be read differently, but a person has decided about them or somebody is on the way.
    """

    __tablename__ = "rereads"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'stopped')", name="state"),
        Index("ix_rereads_asked", "asked_at", "id"),
        Index("uq_rereads_running", "state", unique=True, postgresql_where=text("state = 'running'")),
    )
    id: Mapped[Key]
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    since: Mapped[Moment | None]
    until: Mapped[Now]
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    asked_at: Mapped[Now]
    asked_by: Mapped[str]
    ended_at: Mapped[Moment | None]
    rules_version: Mapped[str | None]
    at_received: Mapped[Moment | None]
    at_id: Mapped[uuid.UUID | None]
    total: Mapped[int | None]
    seen: Mapped[int] = mapped_column(server_default=text("0"))
    differing: Mapped[int] = mapped_column(server_default=text("0"))
    kept: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))


class ReadingProposal(Base):
    """A report that would be read differently now. `difference`: what changes, in codes; the same for all alike.

    `from_reading_id`: the reading that it would replace; once that is no longer the current one, the proposal is over.
    """

    __tablename__ = "reading_proposals"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'taken', 'left', 'over')", name="state"),
        Index("uq_reading_proposals_open", "report_id", unique=True, postgresql_where=text("state = 'open'")),
        Index(
            "ix_reading_proposals_alike", "emergency_id", "difference", "id", postgresql_where=text("state = 'open'")
        ),
        Index("ix_reading_proposals_state", "state", "id"),
    )
    id: Mapped[Key]
    reread_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rereads.id"), index=True)
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"), index=True)
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    from_reading_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("readings.id"))
    difference: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    rules_version: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    made_at: Mapped[Now]
    decided_at: Mapped[Moment | None]
    decided_by: Mapped[str | None]
