"""The newest place by index: whether a process must build its gazetteer anew is asked every half minute."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_index("ix_places_created_at", "places", ["created_at"])


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_places_created_at", table_name="places")
