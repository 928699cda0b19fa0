"""Edits of a submission found by what they replace: an original may come after its edits.

And a report of two or three kilobytes, as forms are, stays in its row: sealed bytes cannot be compressed, and apart they
cost two more rows with their index entries. A sixth of what PostgreSQL spends on a form.
"""

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
    op.execute("ALTER TABLE reports ALTER COLUMN body_sealed SET STORAGE EXTERNAL, SET (toast_tuple_target = 4080)")


def downgrade() -> None:
    """Down."""
    op.execute("ALTER TABLE reports ALTER COLUMN body_sealed SET STORAGE EXTENDED, RESET (toast_tuple_target)")
    op.drop_index("ix_submissions_replaces_key", "submissions")
