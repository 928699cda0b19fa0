"""Versions of forms, where they are published, their files; submissions and what came with them."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Codes, Json, Key, Moment, Now, Sealed

_LIST = text("'[]'")


class Form(Base):
    """One version of a form; `bindings` ties its questions to the model. Old versions stay readable.

    `kind`: an XLSForm (its workbook is `source`) or a bare XForm. `uploads`: paths of questions answered by a file;
    `files`: names of the files that the form itself needs;
    `owner_…`: whose a draft is; `entities`: what it declares (`entities.Spec` as JSON).
    """

    __tablename__ = "forms"
    __table_args__ = (
        UniqueConstraint("form_id", "version"),
        CheckConstraint("state IN ('draft', 'published', 'archived')", name="state"),
        CheckConstraint("kind IN ('xlsform', 'xform')", name="kind"),
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
    kind: Mapped[str] = mapped_column(server_default="xlsform")
    file_type: Mapped[str] = mapped_column(server_default=".xlsx")
    public_key: Mapped[str | None]
    entities: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    uploads: Mapped[Codes]
    files: Mapped[Codes]
    warnings: Mapped[list[Any]] = mapped_column(JSONB, server_default=_LIST)
    created_by: Mapped[str] = mapped_column(server_default="system")
    owner_emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    owner_centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    created_at: Mapped[Now]


class FormPublication(Base):
    """Where a version is given to phones: one version a form, emergency and centre (none: all of them)."""

    __tablename__ = "form_publications"
    __table_args__ = (UniqueConstraint("form_id", "emergency_id", "centre_id", postgresql_nulls_not_distinct=True),)
    id: Mapped[Key]
    form_id: Mapped[str]
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("forms.id"), index=True)
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    published_by: Mapped[str]
    published_at: Mapped[Now]


class FormMedia(Base):
    """A file that a version brings (a picture, a sound, its author's CSV): nothing personal, so not sealed."""

    __tablename__ = "form_media"
    __table_args__ = (UniqueConstraint("version_id", "name"),)
    id: Mapped[Key]
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("forms.id"))
    name: Mapped[str]
    content_type: Mapped[str]
    md5: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes]
    created_at: Mapped[Now]


class Blob(Sealed, Base):
    """A file's bytes, sealed, once each: `digest` is a keyed hash, so that nobody can look for a picture they know.

    The id follows from the digest (`uuid8`).
    """

    __tablename__ = "blobs"
    id: Mapped[Key]
    digest: Mapped[bytes] = mapped_column(unique=True)
    content_type: Mapped[str]
    size: Mapped[int]
    content_sealed: Mapped[bytes]
    created_at: Mapped[Now]


class Attachment(Sealed, Base):
    """A file of a submission. `instance_id` and `name` as `reports.intake.safe_key` gives them.

    `state`: new (nobody looked yet), safe (a picture; `safe_blob_id` has no position, `shown_blob_id` is small), plain
    (no picture), sealed (a part of an encrypted submission), refused (`reason`). `name_sealed`: its name as sent;
    `about_sealed`: JSON with the position and time that the picture bore. `file_sealed`: bytes of before blobs.
    `held_until`: somebody looks at it.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("source", "instance_id", "name", "digest"),
        CheckConstraint("num_nonnulls(blob_id, file_sealed) = 1", name="content"),
        CheckConstraint("state IN ('new', 'safe', 'plain', 'sealed', 'refused')", name="state"),
        Index("ix_attachments_new", "created_at", postgresql_where=text("state = 'new'")),
        Index("ix_attachments_instance", "instance_id"),
        Index("ix_attachments_blob_id", "blob_id"),
    )
    id: Mapped[Key]
    report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"), index=True)
    source: Mapped[str]
    instance_id: Mapped[str]
    name: Mapped[str]
    digest: Mapped[bytes]
    content_type: Mapped[str]
    size: Mapped[int]
    file_sealed: Mapped[bytes | None]
    blob_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("blobs.id"))
    safe_blob_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("blobs.id"))
    shown_blob_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("blobs.id"))
    state: Mapped[str] = mapped_column(server_default="new")
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    name_sealed: Mapped[bytes | None]
    about_sealed: Mapped[bytes | None]
    held_until: Mapped[Moment | None]
    created_at: Mapped[Now]


class Submission(Base):
    """One filled-in form: its report, the version that it answers, its parts and edits. No answer stands here.

    `instance_key`, `root_key` (of the first of its edits) and `replaces_key` as `safe_key` gives them; `xml_digest` is
    keyed. `current`: the one of its line that counts; `conflict`: other answers came under the same id, or another edit
    of the same answers, and a person has to look. `closed`: a POST came that announced no further one. `wanted`: names
    of the files that the answers promise, as `safe_key` gives them. `opened_report_id`: the report of an encrypted
    one's clear answers.
    `open_files`, `open_keys`: how many files and keys an opening was tried with; `open_held_until`: it is tried now.
    `settled_at`: when what it says was carried out (`submission_effects`); `problems` [[path, code], …].
    """

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("instance_key", "xml_digest"),
        CheckConstraint("state IN ('waiting', 'whole', 'files_missing')", name="state"),
        Index("ix_submissions_form_seq", "form_id", "seq"),
        Index("ix_submissions_unopened", "seq", postgresql_where=text("encrypted AND opened_report_id IS NULL")),
        Index("ix_submissions_replaces_key", "replaces_key", postgresql_where=text("replaces_key IS NOT NULL")),
        Index("ix_submissions_unsettled", "seq", postgresql_where=text("settled_at IS NULL")),
        Index(
            "ix_submissions_opened_report_id",
            "opened_report_id",
            postgresql_where=text("opened_report_id IS NOT NULL"),
        ),
    )
    id: Mapped[Key]
    seq: Mapped[int] = mapped_column(Identity(always=True))
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id"), unique=True)
    opened_report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reports.id"))
    version_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("forms.id"))
    form_id: Mapped[str]
    form_version: Mapped[str]
    instance_key: Mapped[str]
    xml_digest: Mapped[bytes]
    root_key: Mapped[str] = mapped_column(index=True)
    replaces_key: Mapped[str | None]
    state: Mapped[str]
    current: Mapped[bool] = mapped_column(server_default=text("true"))
    conflict: Mapped[bool] = mapped_column(server_default=text("false"))
    draft: Mapped[bool] = mapped_column(server_default=text("false"))
    encrypted: Mapped[bool] = mapped_column(server_default=text("false"))
    closed: Mapped[bool] = mapped_column(server_default=text("true"))
    wanted: Mapped[Codes]
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    sent_by: Mapped[str]
    received_at: Mapped[Now]
    open_held_until: Mapped[Moment | None]
    open_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    open_files: Mapped[int | None]
    open_keys: Mapped[int | None]
    settled_at: Mapped[Moment | None]
    settle_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str | None]
    problems: Mapped[list[Any]] = mapped_column(JSONB, server_default=_LIST)


class SubmissionEffect(Base):
    """What a submission did beside its report's needs and incidents, each once; refused ones wait for a person.

    `kind`: movement, closure, shelter, checkin, followup, entity, report (an earlier edit's needs and incidents taken
    back); `nth` counts within the submission. `data` names codes and numbers, never persons. `dismissed`: a person
    let it be.
    """

    __tablename__ = "submission_effects"
    __table_args__ = (
        UniqueConstraint("submission_id", "kind", "nth"),
        CheckConstraint("state IN ('done', 'refused', 'reversed', 'dismissed')", name="state"),
        Index("ix_submission_effects_subject", "subject_id"),
        Index("ix_submission_effects_refused", "at", postgresql_where=text("state = 'refused'")),
    )
    id: Mapped[Key]
    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submissions.id"))
    kind: Mapped[str]
    nth: Mapped[int]
    subject_type: Mapped[str | None]
    subject_id: Mapped[uuid.UUID | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    data: Mapped[Json]
    at: Mapped[Now]


class CentreKey(Sealed, Base):
    """A centre's key pair for encrypted forms; `private_sealed` is PEM. A retired one opens what came before."""

    __tablename__ = "centre_keys"
    id: Mapped[Key]
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    name: Mapped[str]
    public_text: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(unique=True)
    private_sealed: Mapped[bytes]
    created_at: Mapped[Now]
    retired_at: Mapped[datetime | None]
