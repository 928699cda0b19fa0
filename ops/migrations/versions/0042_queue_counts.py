"""Counts of queues: what each open task stands for in them, and the longest waiting of a queue by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_LIFE = "(urgency = 'life')::int"
_FLAGGED = "(state = 'queued' AND flagged_at IS NOT NULL)::int"
_OPEN = "state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"


def upgrade() -> None:
    """Up, counted."""
    op.create_table(
        "task_loads",
        sa.Column("task_id", sa.Uuid(), sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("queue_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("life", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
    )
    op.create_index(
        "ix_tasks_waiting", "tasks", ["queue_id", "created_at"], postgresql_where=sa.text("state = 'queued'")
    )
    op.execute(f"INSERT INTO task_loads SELECT id, queue_id, state, {_LIFE}, {_FLAGGED} FROM tasks WHERE {_OPEN}")  # noqa: S608 - the migration's own words
    op.execute(
        "INSERT INTO queue_loads (queue_id, state, n, life, flagged, oldest)"  # noqa: S608 - the migration's own words
        f" SELECT queue_id, state, count(*), sum({_LIFE}), sum({_FLAGGED}), min(created_at) FROM tasks"
        f" WHERE {_OPEN} GROUP BY queue_id, state"
    )


def downgrade() -> None:
    """Down."""
    op.execute("DELETE FROM queue_loads")
    op.drop_index("ix_tasks_waiting", "tasks")
    op.drop_table("task_loads")
