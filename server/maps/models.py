"""What the map shows: one row a feature, and counts of features by cell and zoom. Both rebuildable."""

import uuid

from sqlalchemy import CheckConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Geom, Json, Moment, on_earth, point

LAYERS = ("incidents", "needs", "tasks", "reports", "closures", "centres", "movements")


class MapFeature(Base):
    """The shown point of one record in one layer, with what filters ask for; nothing personal.

    `seen_at` is when it was last reported, the time that filters use.
    """

    __tablename__ = "map_features"
    __table_args__ = (
        CheckConstraint("layer IN (" + ", ".join(f"'{x}'" for x in LAYERS) + ")", name="layer"),
        CheckConstraint(on_earth("geom"), name="geom_on_earth"),
        Index("ix_map_features_emergency_layer_seen", "emergency_id", "layer", "seen_at"),
        Index("ix_map_features_layer_xy", "layer", "emergency_id", "lon", "lat"),
    )
    layer: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    emergency_id: Mapped[uuid.UUID | None]
    centre_id: Mapped[uuid.UUID | None]
    category: Mapped[str]
    status: Mapped[str]
    urgency: Mapped[str] = mapped_column(server_default=text("'none'"))
    seen_at: Mapped[Moment]
    lon: Mapped[float]
    lat: Mapped[float]
    geom: Mapped[Geom] = point(nullable=False)
    props: Mapped[Json]


class MapCell(Base):
    """How many features of a kind lie in one Web-Mercator grid cell at one zoom, with the sum of their coordinates.

    Cell (zoom, x, y) is half-open: west and north edges belong to it.
    """

    __tablename__ = "map_cells"
    __table_args__ = (
        CheckConstraint("n >= 0", name="n"),
        Index("ix_map_cells_area", "layer", "emergency_id", "zoom", "x", "y"),
        Index("uq_map_cells", "layer", "emergency_id", "zoom", "x", "y", "category", "status", unique=True,
              postgresql_nulls_not_distinct=True),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    layer: Mapped[str]
    emergency_id: Mapped[uuid.UUID | None]
    zoom: Mapped[int] = mapped_column(SmallInteger)
    x: Mapped[int]
    y: Mapped[int]
    category: Mapped[str]
    status: Mapped[str]
    n: Mapped[int]
    n_life: Mapped[int] = mapped_column(server_default=text("0"))
    sum_lon: Mapped[float]
    sum_lat: Mapped[float]
