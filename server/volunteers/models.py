"""Volunteers, teams, shifts: who can go, with whom, and when."""

import uuid

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Key, Moment, Now, Sealed, Versioned


class Volunteer(Versioned, Sealed, Base):
    """Known by a code; name and number are sealed. Coarse live positions lie in Redis with an expiry.

    `vetting`: a centre has looked at who registered by herself; before that nothing is given to her. `rest_until`: the
    rest that the rules ask for after a long duty. `heard_at`: the last sign of life; with a timer (`check_every_s`) the
    next is due at `check_due_at`, and who stays silent is told of at `silent_at`. `duty_began_at`: when this stretch of
    duty began, short breaks counted in; `rest_why`: after a `duty`, by her `own` wish, by a `person` of the centre.
    `phone_claim`: the keyed hash of a number that nobody has confirmed; at vetting it becomes `phone_hash`.
    """

    __tablename__ = "volunteers"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'resting', 'away', 'inactive')", name="status"),
        CheckConstraint("gender IN ('woman', 'man')", name="gender"),
        CheckConstraint("capacity_kg >= 0", name="capacity"),
        CheckConstraint("vetting IN ('pending', 'vetted', 'refused')", name="vetting"),
        CheckConstraint("check_every_s BETWEEN 60 AND 86400", name="check_every"),
        CheckConstraint("rest_why IN ('duty', 'own', 'person')", name="rest_why"),
        Index(
            "ix_volunteers_check_due",
            "check_due_at",
            postgresql_where=text("check_due_at IS NOT NULL AND silent_at IS NULL"),
        ),
        Index("ix_volunteers_silent", "silent_at", postgresql_where=text("silent_at IS NOT NULL")),
        Index("ix_volunteers_on_duty", "code", postgresql_where=text("on_duty_since IS NOT NULL")),
        Index("ix_volunteers_pending", "centre_id", "id", postgresql_where=text("vetting = 'pending'")),
        Index("ix_volunteers_duty", "duty_began_at", postgresql_where=text("on_duty_since IS NOT NULL")),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    centre_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("centres.id"), index=True)
    name_sealed: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    phone_hash: Mapped[bytes | None] = mapped_column(unique=True)
    phone_claim: Mapped[bytes | None]
    skills: Mapped[Codes]
    languages: Mapped[Codes]
    gender: Mapped[str | None]
    vehicle: Mapped[str | None]
    capacity_kg: Mapped[float | None]
    status: Mapped[str] = mapped_column(server_default=text("'active'"))
    vetting: Mapped[str] = mapped_column(server_default=text("'vetted'"))
    vetted_at: Mapped[Moment | None]
    vetted_by: Mapped[str | None]
    rest_until: Mapped[Moment | None]
    rest_why: Mapped[str | None]
    on_duty_since: Mapped[Moment | None]
    duty_began_at: Mapped[Moment | None]
    duty_ended_at: Mapped[Moment | None]
    heard_at: Mapped[Moment | None]
    check_every_s: Mapped[int | None]
    check_due_at: Mapped[Moment | None]
    silent_at: Mapped[Moment | None]


class Team(Versioned, Base):
    """Some who go together. Its leader holds the team's tasks."""

    __tablename__ = "teams"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'stood_down')", name="status"),
        Index("ix_teams_centre", "centre_id", postgresql_where=text("status = 'active'")),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    centre_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("centres.id"))
    leader_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("volunteers.id"))
    status: Mapped[str] = mapped_column(server_default=text("'active'"))
    stood_down_at: Mapped[Moment | None]
    made_by: Mapped[str]


class TeamMember(Base):
    """Who is in a team from when to when; nobody is in two at once. The leader is a member too."""

    __tablename__ = "team_members"
    __table_args__ = (
        PrimaryKeyConstraint("team_id", "volunteer_id", "joined_at"),
        Index("uq_team_members_live", "volunteer_id", unique=True, postgresql_where=text("left_at IS NULL")),
    )
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("teams.id"))
    volunteer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("volunteers.id"))
    joined_at: Mapped[Now]
    left_at: Mapped[Moment | None]


class Shift(Versioned, Sealed, Base):
    """When somebody has said they are there. `note_sealed`: what they hand over to those who come after them."""

    __tablename__ = "shifts"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends"),
        CheckConstraint("work IN ('field', 'desk', 'store', 'driving')", name="work"),
        Index("ix_shifts_centre", "centre_id", "starts_at"),
        Index("ix_shifts_volunteer", "volunteer_id", "starts_at"),
    )
    id: Mapped[Key]
    centre_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("centres.id"))
    volunteer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("volunteers.id"))
    work: Mapped[str]
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    checked_in_at: Mapped[Moment | None]
    checked_out_at: Mapped[Moment | None]
    cancelled_at: Mapped[Moment | None]
    note_sealed: Mapped[bytes | None]
    noted_at: Mapped[Moment | None]
    by_herself: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    made_by: Mapped[str]
