"""Edits of a submission found by what they replace: an original may come after its edits."""

from alembic import op

revision = "0033"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_index(
        "ix_submissions_replaces_key", "submissions", ["replaces_key"], postgresql_where="replaces_key IS NOT NULL"
    )


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_submissions_replaces_key", "submissions")
