"""Drawings: what coordinators draw on the map."""

import geoalchemy2
import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_PURPOSES = "('search', 'searched', 'staging', 'landing', 'no_go', 'water', 'other')"


def upgrade() -> None:
    """Up."""
    op.create_table(
        "drawings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), server_default=sa.text("'other'"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary()),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("geom", geoalchemy2.Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("sealing_key_id", sa.Text()),
        sa.Column("data_key_wrapped", sa.LargeBinary()),
        sa.CheckConstraint("kind IN ('note', 'area', 'route')", name=op.f("ck_drawings_kind")),
        sa.CheckConstraint(f"purpose IN {_PURPOSES}", name=op.f("ck_drawings_purpose")),
        sa.CheckConstraint("status IN ('active', 'removed')", name=op.f("ck_drawings_status")),
        sa.CheckConstraint(
            "geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180"
            " AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)",
            name=op.f("ck_drawings_geom_on_earth"),
        ),
        sa.ForeignKeyConstraint(["emergency_id"], ["emergencies.id"], name=op.f("fk_drawings_emergency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drawings")),
        sa.UniqueConstraint("code", name=op.f("uq_drawings_code")),
    )
    op.create_index("idx_drawings_geom", "drawings", ["geom"], postgresql_using="gist")
    op.create_index("ix_drawings_emergency_updated", "drawings", ["emergency_id", "updated_at", "id"])
    op.execute("CREATE TRIGGER touch_version BEFORE UPDATE ON drawings FOR EACH ROW EXECUTE FUNCTION touch_version()")


def downgrade() -> None:
    """Down."""
    op.drop_table("drawings")
