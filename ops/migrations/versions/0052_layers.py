"""Hazard areas; gaps, shelters and hazards among the layers of the map. `hamyar rebuild` shows what was there before."""

from datetime import datetime

import geoalchemy2
import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_BEFORE = "'incidents', 'needs', 'tasks', 'reports', 'closures', 'centres', 'movements'"
_LAYERS = f"{_BEFORE}, 'gaps', 'shelters', 'hazards'"
_CHECKS = {
    "kind": "kind IN ('flood', 'landslide', 'quake_damage', 'fire', 'contamination', 'other')",
    "level": "level IN ('minor', 'moderate', 'severe', 'extreme', 'unknown')",
    "status": "status IN ('active', 'ended')",
    "verification": "verification IN ('unverified', 'likely', 'confirmed', 'refuted')",
    "source": "source IN ('drawn', 'feed')",
    "feed": "(source = 'feed') = (feed IS NOT NULL)",
    "valid": "valid_until IS NULL OR valid_until >= valid_from",
    "geom_area": "GeometryType(geom) IN ('POLYGON', 'MULTIPOLYGON')",
    "geom_on_earth": "geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180"
    " AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)",
}


def _moment(name: str, *, now: bool = True) -> sa.Column[datetime]:
    default = sa.text("clock_timestamp()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def upgrade() -> None:
    """Up."""
    op.create_table(
        "hazards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), server_default=sa.text("'unknown'"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("verification", sa.Text(), server_default=sa.text("'unverified'"), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("'drawn'"), nullable=False),
        sa.Column("feed", sa.Text()),
        sa.Column("feed_key", sa.Text()),
        sa.Column("geom", geoalchemy2.Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False),
        _moment("valid_from"),
        _moment("valid_until", now=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        *(sa.CheckConstraint(text, name=op.f(f"ck_hazards_{name}")) for name, text in _CHECKS.items()),
        sa.ForeignKeyConstraint(["emergency_id"], ["emergencies.id"], name=op.f("fk_hazards_emergency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazards")),
        sa.UniqueConstraint("code", name=op.f("uq_hazards_code")),
    )
    op.create_index("idx_hazards_geom", "hazards", ["geom"], postgresql_using="gist")
    op.create_index("ix_hazards_emergency_updated", "hazards", ["emergency_id", "updated_at", "id"])
    op.create_index(
        "uq_hazards_feed_key",
        "hazards",
        ["feed", "feed_key"],
        unique=True,
        postgresql_where=sa.text("feed_key IS NOT NULL"),
    )
    op.execute("CREATE TRIGGER touch_version BEFORE UPDATE ON hazards FOR EACH ROW EXECUTE FUNCTION touch_version()")
    # What has reached a need is asked for each gap that a batch touches.
    op.create_index("ix_movements_delivered", "movements", ["need_id"], postgresql_where=sa.text("kind = 'delivery'"))
    op.drop_constraint(op.f("ck_map_features_layer"), "map_features", type_="check")
    op.create_check_constraint(op.f("ck_map_features_layer"), "map_features", f"layer IN ({_LAYERS})")


def downgrade() -> None:
    """Down."""
    for table in ("map_features", "map_cells"):
        op.execute(f"DELETE FROM {table} WHERE layer IN ('gaps', 'shelters', 'hazards')")  # noqa: S608 - own words
    op.drop_constraint(op.f("ck_map_features_layer"), "map_features", type_="check")
    op.create_check_constraint(op.f("ck_map_features_layer"), "map_features", f"layer IN ({_BEFORE})")
    op.drop_index("ix_movements_delivered", "movements")
    op.drop_table("hazards")
