"""Queues, tasks, leases: each task is held by one at a time, and the database is the last word on it."""

import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Geom, Key, Moment, Now, Sealed, Versioned, on_earth, point

OPEN_STATES = ("queued", "claimed", "accepted", "en_route", "escalated")
CLOSED_STATES = ("done", "failed", "cancelled")
STATES = OPEN_STATES + CLOSED_STATES
RANK = (
    "priority - 0.5 * (extract(epoch FROM created_at - TIMESTAMPTZ '2026-01-01 00:00:00+00') / 3600)::double precision"
)


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

    `holder_id` and `lease_until` repeat the live lease, so that a claim touches one row. `rank` is the order of a
    queue: the priority, and half a point for every hour of waiting; as all tasks age alike, it is the same at every
    moment and an index keeps it. `crew_min`: so many people it takes, `women_min` of them women; more than one: a
    team takes it. `asks_by`: the person who set crew, women or skills by hand; the rules leave them alone from then on.
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
        CheckConstraint("crew_min BETWEEN 1 AND 50", name="crew"),
        CheckConstraint("women_min BETWEEN 0 AND crew_min", name="women"),
        Index(
            "ix_tasks_next",
            "queue_id",
            text("rank DESC"),
            "id",
            postgresql_where=text("state = 'queued'"),
        ),
        Index("ix_tasks_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index(
            "ix_tasks_unflagged",
            "state",
            text("rank DESC"),
            "id",
            postgresql_where=text("state = 'queued' AND flagged_at IS NULL"),
        ),
        Index(
            "ix_tasks_flagged",
            "state",
            text("rank DESC"),
            "id",
            postgresql_where=text("state = 'queued' AND flagged_at IS NOT NULL"),
        ),
        Index("ix_tasks_waiting", "queue_id", "created_at", postgresql_where=text("state = 'queued'")),
        Index(
            "ix_tasks_board",
            "state",
            text("rank DESC"),
            "id",
            postgresql_where=text("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"),
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
            text("coalesce(requeued_at, created_at)"),
            postgresql_where=text("state = 'queued' AND urgency = 'life' AND flagged_at IS NULL"),
        ),
        Index("ix_tasks_near", "geom_shown", postgresql_using="gist", postgresql_where=text("state = 'queued'")),
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
    crew_min: Mapped[int] = mapped_column(server_default=text("1"))
    women_min: Mapped[int] = mapped_column(server_default=text("0"))
    languages: Mapped[Codes]
    asks_by: Mapped[str | None]
    rank: Mapped[float] = mapped_column(Computed(RANK, persisted=True))
    flagged_at: Mapped[Moment | None]
    requeued_at: Mapped[Moment | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    holder_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("volunteers.id"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("teams.id"))
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
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("teams.id"))
    claimed_at: Mapped[Now]
    ended_at: Mapped[Moment | None]
    end_reason: Mapped[str | None]


class Evidence(Sealed, Base):
    """What a holder, or a late former holder, says of how it ended. `late`: the fence had moved on."""

    __tablename__ = "evidence"
    __table_args__ = (
        ForeignKeyConstraint(["task_id", "fence"], ["leases.task_id", "leases.fence"], name="fk_evidence_lease"),
        UniqueConstraint("task_id", "fence", "verb"),
        CheckConstraint("people_served >= 0", name="people_served"),
    )
    id: Mapped[Key]
    task_id: Mapped[uuid.UUID]
    fence: Mapped[int]
    verb: Mapped[str]
    reason: Mapped[str | None]
    late: Mapped[bool] = mapped_column(server_default=text("false"))
    note_sealed: Mapped[bytes | None]
    people_served: Mapped[int | None]
    at: Mapped[Now]


class TaskCode(Base):
    """What a volunteer texts back to answer for a task: bound to one holder's fence, spent by its first use.

    Only a keyed hash is kept. `verbs`: what it may say (ACCEPT, DONE, FAIL). With an `offer_id` it answers that offer:
    ACCEPT takes it, FAIL declines it.
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
    offer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("offers.id"))


class Offer(Sealed, Base):
    """A task proposed to somebody for a time: by matching or a dispatcher (`offer`), or by its holder (`hand_over`).

    An offer takes nothing from the queue: who says yes first holds the task. `points` and `reasons` are those of the
    ranking; `fence` is the giver's in a hand-over.
    """

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint("kind IN ('offer', 'hand_over')", name="kind"),
        CheckConstraint("(kind = 'hand_over') = (fence IS NOT NULL)", name="fence"),
        CheckConstraint("channel IN ('app', 'sms')", name="channel"),
        CheckConstraint("answer IN ('accepted', 'declined', 'expired', 'withdrawn', 'too_late')", name="answer"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
        Index("uq_offers_live", "task_id", "volunteer_id", unique=True, postgresql_where=text("answered_at IS NULL")),
        Index("ix_offers_volunteer", "volunteer_id", postgresql_where=text("answered_at IS NULL")),
        Index("ix_offers_expiry", "expires_at", postgresql_where=text("answered_at IS NULL")),
        Index("ix_offers_task", "task_id", "made_at"),
        Index("ix_offers_of", "volunteer_id", "made_at"),
    )
    id: Mapped[Key]
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tasks.id"))
    volunteer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("volunteers.id"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("teams.id"))
    kind: Mapped[str] = mapped_column(server_default=text("'offer'"))
    fence: Mapped[int | None]
    channel: Mapped[str] = mapped_column(server_default=text("'app'"))
    points: Mapped[float]
    reasons: Mapped[list[Any]] = mapped_column(JSONB)
    made_by: Mapped[str]
    made_at: Mapped[Now]
    expires_at: Mapped[Moment]
    answer: Mapped[str | None]
    answered_at: Mapped[Moment | None]
    note_sealed: Mapped[bytes | None]


class OfferWave(Base):
    """How often a queued task was offered by itself, and when that is looked at again."""

    __tablename__ = "offer_waves"
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    wave: Mapped[int]
    next_at: Mapped[Moment]


class TaskShortfall(Base):
    """Why a queued task finds nobody: `found`, [{code, …}], as the matching last saw it."""

    __tablename__ = "task_shortfalls"
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    found: Mapped[list[Any]] = mapped_column(JSONB)
    at: Mapped[Now]


class QueueLoad(Base):
    """How many open tasks of a queue stand in a state; kept by the sealer's projection, rebuildable."""

    __tablename__ = "queue_loads"
    __table_args__ = (PrimaryKeyConstraint("queue_id", "state"),)
    queue_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("queues.id"))
    state: Mapped[str]
    n: Mapped[int]
    life: Mapped[int]
    flagged: Mapped[int]
    oldest: Mapped[Moment | None]
