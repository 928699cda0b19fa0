"""Tasks: for whom a woman is preferred, and which life task was already shown to a person as unclaimed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.add_column("tasks", sa.Column("women_preferred", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column("tasks", sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_tasks_unclaimed_life",
        "tasks",
        ["created_at"],
        postgresql_where=sa.text("state = 'queued' AND urgency = 'life' AND flagged_at IS NULL"),
    )


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_tasks_unclaimed_life", "tasks")
    op.drop_column("tasks", "flagged_at")
    op.drop_column("tasks", "women_preferred")
