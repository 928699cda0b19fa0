"""What the map showed and when: a line for each change of a record, from which the operation is played again."""

import uuid

from sqlalchemy import Boolean, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Moment

LAYERS_KEPT = ("incidents", "needs", "tasks", "closures", "movements")
"""Layers whose past is kept. Raw reports are not: what came of them is."""
OVER = ("met", "closed", "done", "cancelled", "failed", "resolved", "lifted", "delivered", "lost", "returned", "ended")
"""States in which a record asks for nobody any more."""


class MapHistory(Base):
    """How a record stood on the map from the event `seq` (made at `at`) on; without a place: no longer shown.

    (`gx`, `gy`) is its cell at the finest zoom, `asks` whether it still asked for somebody, `life` whether a life
    hung on it while it did. The `was_…` columns say the same of the moment before, so that a moment's sums need no
    look back.
    """

    __tablename__ = "map_history"
    __table_args__ = (
        Index("ix_map_history_emergency_at", "emergency_id", "layer", "at"),
        Index("ix_map_history_xy", "layer", "emergency_id", "lon", "lat"),
    )
    layer: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    emergency_id: Mapped[uuid.UUID]
    category: Mapped[str | None]
    status: Mapped[str | None]
    urgency: Mapped[str | None]
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    gx: Mapped[int | None] = mapped_column(Integer)
    gy: Mapped[int | None] = mapped_column(Integer)
    asks: Mapped[bool] = mapped_column(Boolean)
    life: Mapped[bool] = mapped_column(Boolean)
    was_gx: Mapped[int | None] = mapped_column(Integer)
    was_gy: Mapped[int | None] = mapped_column(Integer)
    was_asks: Mapped[bool] = mapped_column(Boolean)
    was_life: Mapped[bool] = mapped_column(Boolean)
