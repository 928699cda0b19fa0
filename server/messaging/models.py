"""Gateways, the outbox, who wants no messages, who is on duty. Numbers and free words are sealed."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Json, Key, Moment, Now, Sealed, Versioned
from server.messaging.kinds import GATEWAY_KINDS, HIGH, KINDS, LIFE, LOW, NORMAL, STATES

__all__ = [
    "GATEWAY_KINDS",
    "HIGH",
    "KINDS",
    "LIFE",
    "LOW",
    "NORMAL",
    "STATES",
    "Alarm",
    "Beat",
    "Duty",
    "Gateway",
    "GatewayDay",
    "Message",
    "Stopped",
]

_LISTED = ", ".join(f"'{k}'" for k in GATEWAY_KINDS)
_KINDS = ", ".join(f"'{k}'" for k in KINDS)
_STATES = ", ".join(f"'{s}'" for s in STATES)


class Gateway(Versioned, Sealed, Base):
    """A way in and out for text messages. `settings` holds addresses and parameter maps, never a secret.

    `token_id`: the token that its requests bear. `path_hash`: SHA-256 of the secret path, where its panel can send
    nothing else. `allow_from`: networks (CIDR) its requests may come from; empty: any.
    `beat_s`: silence longer than this raises an alarm; NULL: not watched.
    """

    __tablename__ = "gateways"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_LISTED})", name="kind"),
        CheckConstraint("length(name) BETWEEN 1 AND 60", name="name_length"),
        CheckConstraint("beat_s IS NULL OR beat_s >= 5", name="beat"),
        Index("uq_gateways_name", text("lower(name)"), unique=True),
    )
    id: Mapped[Key]
    kind: Mapped[str]
    name: Mapped[str]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    token_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tokens.id"), unique=True)
    path_hash: Mapped[bytes | None] = mapped_column(unique=True)
    allow_from: Mapped[Codes]
    settings: Mapped[Json]
    secrets_sealed: Mapped[bytes | None]
    sends: Mapped[bool] = mapped_column(server_default=text("false"))
    send_order: Mapped[int] = mapped_column(server_default=text("0"))
    daily_segments: Mapped[int | None]
    beat_s: Mapped[int | None]


class Beat(Base):
    """When a gateway was last heard of. Apart from `gateways`: this changes by the second, and spoils nobody's edit.

    `trouble`: a short code of what its last sending or asking failed with.
    """

    __tablename__ = "gateway_beats"
    gateway_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gateways.id", ondelete="CASCADE"), primary_key=True)
    last_in_at: Mapped[Moment | None]
    last_out_at: Mapped[Moment | None]
    last_beat_at: Mapped[Moment | None]
    trouble: Mapped[str | None]


class Message(Sealed, Base):
    """One outgoing message: a template and codes, rendered when it is sent, or sealed words that a person wrote.

    `dedupe_key` makes it one for ever (`receipt:<report>`); `lease_until` and `attempts` belong to the sender's loop.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("priority BETWEEN 0 AND 3", name="priority"),
        CheckConstraint("num_nonnulls(template, words_sealed) = 1", name="words"),
        Index(
            "ix_messages_next",
            "priority",
            "not_before",
            "id",
            postgresql_where=text("state = 'queued'"),
        ),
        Index("ix_messages_sending", "lease_until", postgresql_where=text("state = 'sending'")),
        Index("ix_messages_to", "to_hash", "created_at"),
        Index("ix_messages_report", "report_id", postgresql_where=text("report_id IS NOT NULL")),
        Index("ix_messages_task", "task_id", postgresql_where=text("task_id IS NOT NULL")),
        Index("ix_messages_created", "created_at", "id"),
        Index(
            "uq_messages_reference",
            "gateway_id",
            "reference",
            unique=True,
            postgresql_where=text("reference IS NOT NULL"),
        ),
    )
    id: Mapped[Key]
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    kind: Mapped[str]
    priority: Mapped[int]
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)
    to_sealed: Mapped[bytes]
    to_hash: Mapped[bytes]
    lang: Mapped[str]
    template: Mapped[str | None]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    words_sealed: Mapped[bytes | None]
    report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"))
    task_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tasks.id"))
    gateway_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("gateways.id"))
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    reason: Mapped[str | None]
    not_before: Mapped[Now]
    expires_at: Mapped[Moment | None]
    lease_until: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    segments: Mapped[int | None]
    reference: Mapped[str | None]
    created_at: Mapped[Now]
    sent_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]


class GatewayDay(Base):
    """What one gateway was handed on one day of the instance's calendar: the daily cap counts here, under a lock."""

    __tablename__ = "gateway_days"
    gateway_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gateways.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    segments: Mapped[int] = mapped_column(server_default=text("0"))
    messages: Mapped[int] = mapped_column(server_default=text("0"))


class Stopped(Base):
    """A number that said STOP: only life-saving messages and the answers to its own questions reach it."""

    __tablename__ = "stopped_numbers"
    to_hash: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[Now]
    report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"))


class Duty(Versioned, Sealed, Base):
    """Whose phone rings when nobody looks at the page: for one emergency or all, between two moments or always."""

    __tablename__ = "duties"
    __table_args__ = (CheckConstraint("until_at IS NULL OR until_at > from_at", name="span"),)
    id: Mapped[Key]
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    label: Mapped[str]
    number_sealed: Mapped[bytes]
    number_hash: Mapped[bytes]
    lang: Mapped[str] = mapped_column(server_default=text("'fa'"))
    from_at: Mapped[Now]
    until_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]


class Alarm(Base):
    """Something that a person must know now: shown on every coordinator's page until it is over or seen.

    `code` and `subject` say what (`gateway.silent`, the gateway's id); one open alarm for each. `data`: codes, numbers.
    """

    __tablename__ = "alarms"
    __table_args__ = (
        Index("uq_alarms_open", "code", "subject", unique=True, postgresql_where=text("over_at IS NULL")),
        Index("ix_alarms_since", "since"),
    )
    id: Mapped[Key]
    code: Mapped[str]
    subject: Mapped[str]
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    data: Mapped[Json]
    since: Mapped[Now]
    seen_at: Mapped[Moment | None]
    seen_by: Mapped[str | None]
    over_at: Mapped[Moment | None]
