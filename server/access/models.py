"""Accounts, what they may do, and the ways in: tokens, sessions, invites."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.access.roles import ROLES
from server.kernel.base import Base, Key, Moment, Now, Sealed, Versioned

_IN_ROLES = "role IN (" + ", ".join(f"'{r}'" for r in ROLES) + ")"


class Account(Versioned, Sealed, Base):
    """A person who signs in by passphrase. `handle` is a chosen pseudonym; the name, if given, is sealed."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("uq_accounts_handle", text("lower(handle)"), unique=True),
        CheckConstraint("length(handle) BETWEEN 2 AND 60", name="handle_length"),
    )
    id: Mapped[Key]
    handle: Mapped[str]
    passphrase_hash: Mapped[str | None]
    name_sealed: Mapped[bytes | None]
    language: Mapped[str] = mapped_column(server_default=text("'fa'"))
    disabled_at: Mapped[Moment | None]


class Grant(Base):
    """A role of an account: everywhere, or in one centre, or in one emergency."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint(_IN_ROLES, name="role"),
        Index(
            "uq_grants_account_role_scope",
            "account_id",
            "role",
            "centre_id",
            "emergency_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
    id: Mapped[Key]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    role: Mapped[str]
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    volunteer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("volunteers.id"))
    created_at: Mapped[Now]


class Token(Sealed, Base):
    """A bearer token of a gateway, a phone or a script; only its hash is kept.

    `digest_sealed`: for who fills in forms, what HTTP Digest proves the token with (RFC 7616's H(A1), hex).
    """

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint(_IN_ROLES, name="role"),)
    id: Mapped[Key]
    hash: Mapped[bytes] = mapped_column(unique=True)
    role: Mapped[str]
    name: Mapped[str]
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    volunteer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("volunteers.id"))
    created_at: Mapped[Now]
    revoked_at: Mapped[Moment | None]
    digest_sealed: Mapped[bytes | None]


class Session(Base):
    """A signed-in browser. Opaque cookie, hashed at rest."""

    __tablename__ = "sessions"
    id: Mapped[Key]
    hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Now]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]


class Invite(Base):
    """A one-time link that lets the next person in with a role."""

    __tablename__ = "invites"
    __table_args__ = (CheckConstraint(_IN_ROLES, name="role"),)
    id: Mapped[Key]
    hash: Mapped[bytes] = mapped_column(unique=True)
    role: Mapped[str]
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    volunteer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("volunteers.id"))
    created_at: Mapped[Now]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]
    used_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
