"""Reports (raw, unchangeable), their readings, and what could not become a report."""

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Geom, Json, Key, Moment, Now, Sealed, on_earth, point

CHANNELS = ("sms", "api", "form", "import", "feed", "hotline")
READY = "read_state = 'pending' AND (emergency_id IS NOT NULL OR read_at IS NULL)"
"""What the chain takes up: also what waits in triage and was not yet read; assigned, such a report is ready again."""


class Report(Sealed, Base):
    """What somebody said. A trigger refuses every change but the reading's state and the emergency's assignment.

    (`source`, `source_key`) is the sender's own identity of the message; the same with another `body_hash` is
    kept as a second report, and both show as in conflict. `lane` 1: a storm of one sender, read after the others;
    `held_until`: a part that waits for its other parts.
    """

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("source", "source_key", "body_hash"),
        CheckConstraint("channel IN (" + ", ".join(f"'{c}'" for c in CHANNELS) + ")", name="channel"),
        CheckConstraint("read_state IN ('pending', 'read', 'failed')", name="read_state"),
        CheckConstraint("octet_length(body_hash) = 32", name="body_hash"),
        CheckConstraint(on_earth("geom_shown"), name="geom_on_earth"),
        Index("ix_reports_ready", "lane", "received_at", "id", postgresql_where=text(READY)),
        CheckConstraint("lane IN (0, 1)", name="lane"),
        Index("ix_reports_emergency_received", "emergency_id", "received_at"),
        Index("ix_reports_received", "received_at", "id"),
        Index("ix_reports_sender_received", "sender_hash", "received_at"),
        Index(
            "ix_reports_flagged",
            "received_at",
            postgresql_where=text("flags <> '{}' OR read_state = 'failed'"),
        ),
        Index(
            "ix_reports_geom_shown",
            "geom_shown",
            postgresql_using="gist",
            postgresql_where=text("geom_shown IS NOT NULL"),
        ),
        Index("ix_reports_triage", "received_at", postgresql_where=text("emergency_id IS NULL")),
    )
    id: Mapped[Key]
    receipt: Mapped[str] = mapped_column(unique=True)
    emergency_id: Mapped[uuid.UUID | None]
    """One of `emergencies`: triggers of migration 0023 see to it, once a statement."""
    channel: Mapped[str]
    source: Mapped[str]
    source_key: Mapped[str]
    body_hash: Mapped[bytes] = mapped_column(index=True)
    content_type: Mapped[str] = mapped_column(server_default=text("'text/plain'"))
    flags: Mapped[Codes]
    received_at: Mapped[Now]
    occurred_at: Mapped[Moment | None]
    sender_hash: Mapped[bytes | None]
    body_sealed: Mapped[bytes]
    sender_sealed: Mapped[bytes | None]
    meta_sealed: Mapped[bytes | None]
    geom_exact_sealed: Mapped[bytes | None]
    geom_shown: Mapped[Geom | None] = point(index=False)
    read_state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    read_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    read_at: Mapped[Moment | None]
    read_error: Mapped[str | None]
    lane: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    held_until: Mapped[Moment | None]


class Alias(Base):
    """What the spool promised for a message that turned out to be known: it leads to the report that stands."""

    __tablename__ = "report_aliases"
    receipt: Mapped[str] = mapped_column(primary_key=True)
    promised_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"), index=True)


class Part(Base):
    """A report that is one part of a longer text message (3GPP TS 23.040, 9.2.3.24.1).

    `whole`: keyed hash of source, sender, reference and count. `lead_id`: the report that speaks for the whole; the
    others are read with it.
    """

    __tablename__ = "report_parts"
    __table_args__ = (
        CheckConstraint("number BETWEEN 1 AND total AND total BETWEEN 2 AND 255", name="number"),
        Index("ix_report_parts_whole", "whole", "created_at"),
    )
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    whole: Mapped[bytes]
    number: Mapped[int]
    total: Mapped[int]
    lead_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"), index=True)
    created_at: Mapped[Now]


class Watch(Base):
    """A report on which a life may hang, until somebody has looked at it. `escalated_at`: nobody did in time."""

    __tablename__ = "report_watches"
    __table_args__ = (
        Index("ix_report_watches_due", "due_at", postgresql_where=text("seen_at IS NULL AND escalated_at IS NULL")),
        Index("ix_report_watches_open", "escalated_at", postgresql_where=text("seen_at IS NULL")),
    )
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    due_at: Mapped[Moment]
    escalated_at: Mapped[Moment | None]
    seen_at: Mapped[Moment | None]
    seen_by: Mapped[str | None]


class Reading(Base):
    """What was understood of a report, by which rules. The current one is what the product shows."""

    __tablename__ = "readings"
    __table_args__ = (
        Index("uq_readings_current", "report_id", unique=True, postgresql_where=text("current")),
        Index("ix_readings_report_id", "report_id"),
    )
    id: Mapped[Key]
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"))
    rules_version: Mapped[str]
    current: Mapped[bool] = mapped_column(server_default=text("true"))
    reading: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Now]


class SetAside(Sealed, Base):
    """Input that could not become a report, kept whole with its reason until a person has looked."""

    __tablename__ = "set_aside"
    __table_args__ = (
        UniqueConstraint("source", "source_key"),
        Index("ix_set_aside_open", "created_at", postgresql_where=text("resolved_at IS NULL")),
    )
    id: Mapped[Key]
    source: Mapped[str]
    source_key: Mapped[str]
    row_number: Mapped[int | None]
    reason: Mapped[str]
    payload_sealed: Mapped[bytes]
    created_at: Mapped[Now]
    resolved_at: Mapped[Moment | None]
    resolved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Voice(Base):
    """One voice's latest word on each field of one incident or need: `words` is {field: [value, microseconds]}.

    Made from live links alone, like `SubjectTally`; `voice` is the sender's hash, empty for all unknown senders.
    """

    __tablename__ = "report_voices"
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    voice: Mapped[bytes] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]] = mapped_column(JSONB)


class SubjectTally(Base):
    """How many voices say what of one incident or need: `counts` is [[field, value, voices], …]."""

    __tablename__ = "report_tallies"
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    counts: Mapped[list[Any]] = mapped_column(JSONB)
    first_at: Mapped[Moment | None]
    last_at: Mapped[Moment | None]


class ReportLink(Base):
    """A report's part in one incident or need. Undone, never deleted: `undone_at` takes it apart again.

    `said` is what this report says of the subject, in numbers and codes (`reports/joining.py`), so that the
    subject can be counted anew whenever a link comes or goes.
    """

    __tablename__ = "report_links"
    __table_args__ = (
        CheckConstraint("num_nonnulls(incident_id, need_id) = 1", name="one_subject"),
        Index(
            "uq_report_links_live",
            "report_id",
            "incident_id",
            "need_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index("ix_report_links_need", "need_id", "said_at", postgresql_where=text("need_id IS NOT NULL")),
        Index(
            "ix_report_links_incident",
            "incident_id",
            "said_at",
            postgresql_where=text("incident_id IS NOT NULL"),
        ),
        Index(
            "ix_report_links_sender",
            "sender_hash",
            "said_at",
            postgresql_where=text("undone_at IS NULL AND sender_hash IS NOT NULL"),
        ),
    )
    id: Mapped[Key]
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"))
    incident_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("incidents.id"))
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))
    role: Mapped[str] = mapped_column(server_default=text("'other'"))
    sender_hash: Mapped[bytes | None]
    said: Mapped[Json]
    said_at: Mapped[Now]
    made_by: Mapped[str]
    made_at: Mapped[Now]
    undone_at: Mapped[Moment | None]
    undone_by: Mapped[str | None]
