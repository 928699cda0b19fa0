"""Reports wait for a person to look at how they were read."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WAITS = sa.text("looked_at IS NULL")


def upgrade() -> None:
    """Up."""
    op.create_table(
        "report_looks",
        sa.Column("report_id", sa.Uuid(), sa.ForeignKey("reports.id"), primary_key=True),
        sa.Column("emergency_id", sa.Uuid(), sa.ForeignKey("emergencies.id")),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_by", sa.Uuid()),
        sa.Column("held_until", sa.DateTime(timezone=True)),
        sa.Column("looked_at", sa.DateTime(timezone=True)),
        sa.Column("looked_by", sa.Text()),
    )
    op.create_index(
        "ix_report_looks_next", "report_looks", ["rank", "received_at", "report_id"], postgresql_where=_WAITS
    )
    op.create_index(
        "ix_report_looks_emergency",
        "report_looks",
        ["emergency_id", "rank", "received_at", "report_id"],
        postgresql_where=_WAITS,
    )


def downgrade() -> None:
    """Down."""
    op.drop_table("report_looks")
