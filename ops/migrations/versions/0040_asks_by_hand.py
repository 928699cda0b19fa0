"""What a task takes may be set by a person: who did it is kept, and the rules leave it alone."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.add_column("tasks", sa.Column("asks_by", sa.Text(), nullable=True))


def downgrade() -> None:
    """Down."""
    op.drop_column("tasks", "asks_by")
