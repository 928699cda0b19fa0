"""The double-entry ledger of goods: items, accounts that hold them, movements and their entries."""

import uuid
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Key, Now, Versioned


class Item(Versioned, Base):
    """A catalogue item; `category` is the need it answers, `unit` what one of it is (piece, kg, litre …)."""

    __tablename__ = "items"
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]
    category: Mapped[str] = mapped_column(index=True)
    unit: Mapped[str]


class StockAccount(Base):
    """A holder in the ledger: a centre's shelf, a task's load on the road, those who received, the outside, losses."""

    __tablename__ = "stock_accounts"
    __table_args__ = (
        CheckConstraint("kind IN ('centre', 'transit', 'received', 'outside', 'loss')", name="kind"),
        CheckConstraint("(kind = 'centre') = (centre_id IS NOT NULL)", name="centre"),
        CheckConstraint("kind <> 'transit' OR task_id IS NOT NULL", name="transit_task"),
        Index(
            "uq_stock_accounts_holder",
            "kind",
            "centre_id",
            "task_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
    id: Mapped[Key]
    kind: Mapped[str]
    centre_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("centres.id"))
    task_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tasks.id"))


class Stock(Base):
    """What an account holds of an item now. Kept by the entries' trigger; never below zero where goods are real."""

    __tablename__ = "stock"
    __table_args__ = (CheckConstraint("quantity >= 0 OR may_be_negative", name="quantity"),)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stock_accounts.id"), primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("items.id"), primary_key=True)
    quantity: Mapped[Decimal] = mapped_column(Numeric, server_default=text("0"))
    may_be_negative: Mapped[bool] = mapped_column(server_default=text("false"))
    updated_at: Mapped[Now]


class Movement(Base):
    """One transfer, immutable; its entries sum to zero per item (a deferred trigger sees to it)."""

    __tablename__ = "movements"
    __table_args__ = (
        CheckConstraint("kind IN ('receipt', 'dispatch', 'delivery', 'loss', 'adjustment')", name="kind"),
        UniqueConstraint("natural_key"),
        Index("ix_movements_task_id", "task_id"),
        Index("ix_movements_delivered", "need_id", postgresql_where=text("kind = 'delivery'")),
        Index("ix_movements_emergency_at", "emergency_id", "at"),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    natural_key: Mapped[str]
    emergency_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("emergencies.id"))
    task_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tasks.id"))
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("needs.id"))
    actor: Mapped[str]
    at: Mapped[Now]


class Entry(Base):
    """One side of a movement: `quantity` into (+) or out of (-) an account."""

    __tablename__ = "entries"
    __table_args__ = (CheckConstraint("quantity <> 0 AND abs(quantity) < 1e9", name="quantity"),)
    movement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("movements.id"), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stock_accounts.id"), primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("items.id"), primary_key=True)
    quantity: Mapped[Decimal] = mapped_column(Numeric)
