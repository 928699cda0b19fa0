"""What the map shows: one row a feature, and counts of features by cell and zoom. Both rebuildable."""

import uuid

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Geom, Json, Moment, on_earth, point

LAYERS = (
    "incidents",
    "needs",
    "tasks",
    "reports",
    "closures",
    "centres",
    "movements",
    "gaps",
    "shelters",
    "hazards",
)
NO_EMERGENCY = uuid.UUID(int=0)
"""Stands where a feature has no emergency (centres, reports in triage), so that keys need no NULLs."""


class MapFeature(Base):
    """The shown point of one record in one layer, with what filters ask for; nothing personal.

    `seen_at` is when it was last reported, the time that filters use. (`gx`, `gy`) is its cell at the finest zoom.
    """

    __tablename__ = "map_features"
    __table_args__ = (
        CheckConstraint("layer IN (" + ", ".join(f"'{x}'" for x in LAYERS) + ")", name="layer"),
        CheckConstraint(on_earth("geom"), name="geom_on_earth"),
        Index("ix_map_features_emergency_layer_seen", "emergency_id", "layer", "seen_at"),
        Index("ix_map_features_layer_xy", "layer", "emergency_id", "lon", "lat"),
        Index("ix_map_features_layer_yx", "layer", "emergency_id", "lat", "lon"),
    )
    layer: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(server_default=text("'00000000-0000-0000-0000-000000000000'"))
    centre_id: Mapped[uuid.UUID | None]
    category: Mapped[str]
    status: Mapped[str]
    urgency: Mapped[str] = mapped_column(server_default=text("'none'"))
    seen_at: Mapped[Moment]
    lon: Mapped[float]
    lat: Mapped[float]
    gx: Mapped[int] = mapped_column(Integer)
    gy: Mapped[int] = mapped_column(Integer)
    geom: Mapped[Geom] = point(nullable=False)
    props: Mapped[Json]


class MapCell(Base):
    """How many features lie in one cell of a degree grid at one zoom, with the sums of their coordinates.

    Cell (zoom, x, y) is [x·s - 180, (x + 1)·s - 180) × [y·s - 90, (y + 1)·s - 90) with s = 360 / 2^zoom degrees:
    west and south edges belong to it, and every edge is an exact floating-point number, so that no point falls
    between two cells or into both. `detail` false: all categories and statuses together (both columns are '*');
    true: one category and one status.
    """

    __tablename__ = "map_cells"
    __table_args__ = (CheckConstraint("n >= 0 AND n_life >= 0", name="n"),)
    layer: Mapped[str] = mapped_column(primary_key=True)
    emergency_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    detail: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    zoom: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    x: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    y: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    category: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(Integer)
    n_life: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    sum_lon_e6: Mapped[int]
    sum_lat_e6: Mapped[int]
    """Sums of millionths of a degree: whole numbers, so that adding and taking away leaves nothing behind."""
