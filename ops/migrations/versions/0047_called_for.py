"""Who is called for is found by an index: life tasks that nobody took, volunteers on duty."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.execute(
        "CREATE INDEX ix_tasks_flagged ON tasks (state, rank DESC, id) WHERE state = 'queued' AND flagged_at IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_volunteers_on_duty ON volunteers (code) WHERE on_duty_since IS NOT NULL")


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_volunteers_on_duty", "volunteers")
    op.drop_index("ix_tasks_flagged", "tasks")
