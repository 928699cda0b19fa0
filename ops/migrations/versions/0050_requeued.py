"""Since when a task waits again: what nobody takes is shown to a person anew each time it comes back."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_WHERE = "state = 'queued' AND urgency = 'life' AND flagged_at IS NULL"


def upgrade() -> None:
    """Up."""
    op.add_column("tasks", sa.Column("requeued_at", sa.DateTime(timezone=True)))
    op.drop_index("ix_tasks_unclaimed_life", "tasks")
    op.execute(f"CREATE INDEX ix_tasks_unclaimed_life ON tasks (coalesce(requeued_at, created_at)) WHERE {_WHERE}")


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_tasks_unclaimed_life", "tasks")
    op.execute(f"CREATE INDEX ix_tasks_unclaimed_life ON tasks (created_at) WHERE {_WHERE}")
    op.drop_column("tasks", "requeued_at")
