"""What the map showed and when; what stands on it today begins with the moment it was last reported."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_OVER = "('met','closed','done','cancelled','failed','resolved','lifted','delivered','lost','returned','ended')"


def upgrade() -> None:
    """Up, with what is there."""
    op.create_table(
        "map_history",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("status", sa.Text()),
        sa.Column("urgency", sa.Text()),
        sa.Column("lon", sa.Double()),
        sa.Column("lat", sa.Double()),
        sa.Column("gx", sa.Integer()),
        sa.Column("gy", sa.Integer()),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("life", sa.Boolean(), nullable=False),
        sa.Column("was_gx", sa.Integer()),
        sa.Column("was_gy", sa.Integer()),
        sa.Column("was_asks", sa.Boolean(), nullable=False),
        sa.Column("was_life", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("layer", "id", "seq", name=op.f("pk_map_history")),
    )
    op.execute(
        "INSERT INTO map_history SELECT layer, id, 0, seen_at, emergency_id, category, status, urgency, lon, lat, gx, gy,"  # noqa: S608 - the migration's own words
        f" status NOT IN {_OVER}, urgency = 'life' AND status NOT IN {_OVER}, NULL, NULL, false, false FROM map_features"
        " WHERE layer IN ('incidents', 'needs', 'tasks', 'closures', 'movements')"
    )
    op.create_index("ix_map_history_emergency_at", "map_history", ["emergency_id", "layer", "at"])
    op.create_index("ix_map_history_xy", "map_history", ["layer", "emergency_id", "lon", "lat"])


def downgrade() -> None:
    """Down."""
    op.drop_table("map_history")
