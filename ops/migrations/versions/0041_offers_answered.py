"""Offers are answered by text, go out in waves, and open tasks are found by where they are."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0039"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Up."""
    op.add_column("task_codes", sa.Column("offer_id", sa.Uuid(), sa.ForeignKey("offers.id")))
    op.create_table(
        "offer_waves",
        sa.Column("task_id", sa.Uuid(), sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("wave", sa.BigInteger(), nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_offers_of", "offers", ["volunteer_id", "made_at"])
    op.create_index(
        "ix_tasks_near",
        "tasks",
        ["geom_shown"],
        postgresql_using="gist",
        postgresql_where=sa.text("state = 'queued'"),
    )


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_tasks_near", "tasks")
    op.drop_index("ix_offers_of", "offers")
    op.drop_table("offer_waves")
    op.drop_column("task_codes", "offer_id")
