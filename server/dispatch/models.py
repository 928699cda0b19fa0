"""Queues, tasks, leases: each task is held by one at a time, and the database is the last word on it."""

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Geom, Key, Moment, Now, Sealed, Versioned, on_earth, point

OPEN_STATES = ("queued", "claimed", "accepted", "en_route", "escalated")
CLOSED_STATES = ("done", "failed", "cancelled")
STATES = OPEN_STATES + CLOSED_STATES


class Queue(Base):
    """Tasks of one centre and kind, in one emergency."""

    __tablename__ = "queues"
    __table_args__ = (UniqueConstraint("emergency_id", "centre_id", "kind"),)
    id: Mapped[Key]
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"))
    centre_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("centres.id"), index=True)
    kind: Mapped[str]
    created_at: Mapped[Now]


class Task(Versioned, Base):
    """One thing to do. `fence` grows at every claim; a write with an older fence is refused.

    `holder_id` and `lease_until` repeat the live lease, so that a claim touches one row.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("state IN (" + ", ".join(f"'{s}'" for s in STATES) + ")", name="state"),
        CheckConstraint("fence >= 0", name="fence"),
        CheckConstraint(
            "state NOT IN ('claimed', 'accepted', 'en_route') OR (holder_id IS NOT NULL AND lease_until IS NOT NULL)",
            name="held",
        ),
        CheckConstraint("state <> 'queued' OR (holder_id IS NULL AND lease_until IS NULL)", name="queued_free"),
        CheckConstraint("num_nonnulls(need_id, incident_id) = 1", name="one_cause"),
        CheckConstraint(on_earth("geom_shown"), name="geom_on_earth"),
        Index(
            "ix_tasks_next",
            "queue_id",
            text("priority DESC"),
            "created_at",
            "id",
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_tasks_lease",
            "lease_until",
            postgresql_where=text("state IN ('claimed', 'accepted', 'en_route')"),
        ),
        Index("ix_tasks_holder", "holder_id", postgresql_where=text("holder_id IS NOT NULL")),
        Index(
            "uq_tasks_open_need_kind",
            "need_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"),
        ),
        Index(
            "uq_tasks_open_incident_kind",
            "incident_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"),
        ),
        Index("ix_tasks_settled", "need_id", postgresql_where=text("state IN ('failed', 'cancelled')")),
        Index("ix_tasks_emergency_updated", "emergency_id", "updated_at", "id"),
        Index(
            "ix_tasks_unclaimed_life",
            "created_at",
            postgresql_where=text("state = 'queued' AND urgency = 'life' AND flagged_at IS NULL"),
        ),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"))
    queue_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("queues.id"))
    kind: Mapped[str]
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))
    incident_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("incidents.id"))
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    urgency: Mapped[str] = mapped_column(server_default=text("'normal'"))
    priority: Mapped[float] = mapped_column(server_default=text("0"))
    bring: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    skills: Mapped[Codes]
    women_required: Mapped[bool] = mapped_column(server_default=text("false"))
    women_preferred: Mapped[bool] = mapped_column(server_default=text("false"))
    flagged_at: Mapped[Moment | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    holder_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("volunteers.id"))
    lease_until: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    outcome: Mapped[str | None]
    geom_shown: Mapped[Geom | None] = point()


class Lease(Base):
    """The history of who held what: one row a claim, at most one live row a task (unique index)."""

    __tablename__ = "leases"
    __table_args__ = (
        UniqueConstraint("task_id", "fence"),
        Index("uq_leases_live", "task_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_leases_volunteer", "volunteer_id", "claimed_at"),
    )
    id: Mapped[Key]
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tasks.id"))
    fence: Mapped[int]
    volunteer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("volunteers.id"))
    claimed_at: Mapped[Now]
    ended_at: Mapped[Moment | None]
    end_reason: Mapped[str | None]


class Evidence(Sealed, Base):
    """What a holder, or a late former holder, says of how it ended. `late`: the fence had moved on."""

    __tablename__ = "evidence"
    __table_args__ = (
        ForeignKeyConstraint(["task_id", "fence"], ["leases.task_id", "leases.fence"], name="fk_evidence_lease"),
        UniqueConstraint("task_id", "fence", "verb"),
    )
    id: Mapped[Key]
    task_id: Mapped[uuid.UUID]
    fence: Mapped[int]
    verb: Mapped[str]
    reason: Mapped[str | None]
    late: Mapped[bool] = mapped_column(server_default=text("false"))
    note_sealed: Mapped[bytes | None]
    at: Mapped[Now]


class TaskCode(Base):
    """What a volunteer texts back to answer for a task: bound to one holder's fence, spent by its first use.

    Only a keyed hash is kept. `verbs`: what it may say (ACCEPT, DONE, FAIL).
    """

    __tablename__ = "task_codes"
    __table_args__ = (Index("ix_task_codes_task", "task_id", "fence"),)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tasks.id"))
    fence: Mapped[int]
    volunteer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("volunteers.id"))
    verbs: Mapped[Codes]
    created_at: Mapped[Now]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]
    used_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"))
    used_as: Mapped[str | None]
