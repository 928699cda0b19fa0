"""Published forms, and the files that came with submissions."""

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Key, Now, Sealed


class Form(Base):
    """One version of a form; `bindings` ties its questions to the model. Old versions stay readable."""

    __tablename__ = "forms"
    __table_args__ = (
        UniqueConstraint("form_id", "version"),
        CheckConstraint("state IN ('draft', 'published', 'archived')", name="state"),
        Index("uq_forms_published", "form_id", unique=True, postgresql_where=text("state = 'published'")),
    )
    id: Mapped[Key]
    form_id: Mapped[str]
    version: Mapped[str]
    title: Mapped[dict[str, Any]] = mapped_column(JSONB)
    xml: Mapped[bytes]
    md5: Mapped[str]
    source: Mapped[bytes | None]
    bindings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default=text("'published'"))
    created_at: Mapped[Now]


class Attachment(Sealed, Base):
    """A file of a submission: sealed bytes, known by content hash."""

    __tablename__ = "attachments"
    __table_args__ = (UniqueConstraint("source", "instance_id", "name", "sha256"),)
    id: Mapped[Key]
    report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"), index=True)
    source: Mapped[str]
    instance_id: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[bytes]
    content_type: Mapped[str]
    size: Mapped[int]
    file_sealed: Mapped[bytes]
    created_at: Mapped[Now]
