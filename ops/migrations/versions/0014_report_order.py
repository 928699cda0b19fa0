"""Reports in the order they were received: what waited in the spool has ids that tell no time."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_index("ix_reports_received", "reports", ["received_at", "id"])


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_reports_received", "reports")
