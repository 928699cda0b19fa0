"""Entities: what forms speak of again and again (a household, a well), and every change that was asked of them."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Key, Moment, Now, Sealed


class EntityList(Base):
    """A list of one emergency. `revision` is raised with every change of what the list shows."""

    __tablename__ = "entity_lists"
    __table_args__ = (UniqueConstraint("name", "emergency_id", postgresql_nulls_not_distinct=True),)
    id: Mapped[Key]
    name: Mapped[str]
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    properties: Mapped[Codes]
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[Now]


class EntityRecord(Sealed, Base):
    """An entity as it stands; `entity_key` is the id that phones gave it.

    `data_sealed` is JSON of a `field_forms.entities.Entity`: label, properties, changed_at, branches.
    `state` waiting: changes came before the registration; they are carried out after it.
    """

    __tablename__ = "entities"
    __table_args__ = (
        UniqueConstraint("list_id", "entity_key"),
        CheckConstraint("state IN ('active', 'archived', 'waiting')", name="state"),
        Index("ix_entities_newest", "list_id", "id", postgresql_where=text("state = 'active'")),
    )
    id: Mapped[Key]
    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("entity_lists.id"))
    entity_key: Mapped[str]
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    state: Mapped[str] = mapped_column(server_default="active")
    conflict: Mapped[bool] = mapped_column(server_default=text("false"))
    data_sealed: Mapped[bytes]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class EntityChange(Sealed, Base):
    """A change that was asked, and what became of it (`field_forms.entities.Outcome`); kept for ever."""

    __tablename__ = "entity_changes"
    __table_args__ = (
        UniqueConstraint("submission_id", "nth"),
        Index("ix_entity_changes_entity", "entity_id", "version"),
        Index(
            "ix_entity_changes_conflict",
            "at",
            postgresql_where=text("outcome = 'conflict' AND resolved_at IS NULL"),
        ),
    )
    id: Mapped[Key]
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("entities.id"))
    submission_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("submissions.id"))
    nth: Mapped[int]
    actor: Mapped[str]
    outcome: Mapped[str]
    version: Mapped[int]
    change_sealed: Mapped[bytes]
    at: Mapped[Now]
    resolved_at: Mapped[Moment | None]
    resolved_by: Mapped[str | None]
