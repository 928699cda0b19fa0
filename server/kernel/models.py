"""The kernel's tables: events before and after sealing, and remembered answers."""

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Json, Moment, Now


class UnsealedEvent(Base):
    """What writers insert, plain, in their own transaction; the sealer moves it to `events`."""

    __tablename__ = "events_unsealed"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Now]
    verb: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    emergency_id: Mapped[uuid.UUID | None]
    centre_id: Mapped[uuid.UUID | None]
    actor: Mapped[str]
    data: Mapped[Json]


class Event(Base):
    """One numbered, hash-chained line of what changed. A trigger refuses UPDATE, DELETE and TRUNCATE."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("octet_length(hash) = 32", name="hash"),
        Index("ix_events_subject", "subject_id", "seq"),
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    sealed_at: Mapped[Now]
    verb: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    emergency_id: Mapped[uuid.UUID | None]
    centre_id: Mapped[uuid.UUID | None]
    actor: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    hash: Mapped[bytes]


class IdempotentAnswer(Base):
    """The answer once given to a key, given again to the same key. Never holds personal data."""

    __tablename__ = "idempotent_answers"
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    status: Mapped[int]
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Now] = mapped_column(index=True)
