"""A full house: what ended of late, and what waits unflagged, are found by an index among a hundred thousand tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_index("ix_tasks_closed", "tasks", ["closed_at"], postgresql_where=sa.text("closed_at IS NOT NULL"))
    op.create_index(
        "ix_tasks_unflagged",
        "tasks",
        # The state is the same in all of it: without it in front the planner thinks the way through it random, and
        # takes the board's index with all that is flagged.
        ["state", sa.text("rank DESC"), "id"],
        postgresql_where=sa.text("state = 'queued' AND flagged_at IS NULL"),
    )


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_tasks_unflagged", "tasks")
    op.drop_index("ix_tasks_closed", "tasks")
