"""Who said that a record is so or not, and the queue of what to check next."""

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.incidents.models import VERIFICATIONS
from server.kernel.base import Base, Codes, Geom, Key, Moment, Now, Sealed, point

_LISTED = text("score > 0")


class VerificationLine(Sealed, Base):
    """One change of a record's verification: from `was` to `became`. Never changed; taken back by another line.

    `was_decided`: a person had decided the state before; otherwise the voices had. `undoes`: the line taken back.
    `report_id`: the report of our own people in the field by which it came about, where no person decided.
    """

    __tablename__ = "verifications"
    __table_args__ = (
        CheckConstraint("num_nonnulls(incident_id, need_id) = 1", name="one_subject"),
        CheckConstraint(VERIFICATIONS.replace("verification", "was"), name="was"),
        CheckConstraint(VERIFICATIONS.replace("verification", "became"), name="became"),
        Index("ix_verifications_need", "need_id", "at", "id", postgresql_where=text("need_id IS NOT NULL")),
        Index("ix_verifications_incident", "incident_id", "at", "id", postgresql_where=text("incident_id IS NOT NULL")),
    )
    id: Mapped[Key]
    emergency_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("emergencies.id"))
    incident_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("incidents.id"))
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))
    was: Mapped[str]
    became: Mapped[str]
    was_decided: Mapped[bool] = mapped_column(server_default=text("false"))
    by: Mapped[str]
    reason: Mapped[str | None]
    note_sealed: Mapped[bytes | None]
    report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"))
    undoes: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("verifications.id"), unique=True)
    at: Mapped[Now]


class Check(Base):
    """What checking one record would be worth: derived from the record, its voices and its tasks, and made anew when
    `due_at` has come. `flags`: what the chain has noticed until a person answers. Rows with a score are the queue.
    """

    __tablename__ = "checks"
    __table_args__ = (
        CheckConstraint("kind IN ('need', 'incident')", name="kind"),
        Index("ix_checks_rank", "score", "subject_id", postgresql_where=_LISTED),
        Index("ix_checks_emergency", "emergency_id", "score", "subject_id", postgresql_where=_LISTED),
        Index("ix_checks_centre", "centre_id", "score", "subject_id", postgresql_where=_LISTED),
        Index("ix_checks_where", "geom", postgresql_using="gist", postgresql_where=_LISTED),
        Index("ix_checks_due", "due_at", "subject_id", postgresql_where=text("due_at IS NOT NULL")),
    )
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    emergency_id: Mapped[uuid.UUID | None]
    centre_id: Mapped[uuid.UUID | None]
    score: Mapped[float] = mapped_column(server_default=text("0"))
    reasons: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    asks: Mapped[str | None]
    people: Mapped[int | None]
    flags: Mapped[Codes]
    geom: Mapped[Geom | None] = point(index=False)
    due_at: Mapped[Moment | None]


class CheckSkip(Base):
    """Somebody does not know: the record is not offered to her again until then."""

    __tablename__ = "check_skips"
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    actor: Mapped[str] = mapped_column(primary_key=True)
    until_at: Mapped[Moment]
