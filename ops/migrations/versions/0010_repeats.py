"""Reports by their words: a gateway without ids repeats itself, and its copies must be found at once."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_index("ix_reports_body_hash", "reports", ["body_hash"])


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_reports_body_hash", "reports")
