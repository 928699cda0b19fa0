"""Files and encrypted submissions in work: who has them in hand until when, and what an opening was tried with."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.add_column("attachments", sa.Column("held_until", sa.DateTime(timezone=True)))
    for column in (
        sa.Column("open_held_until", sa.DateTime(timezone=True)),
        sa.Column("open_attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_files", sa.BigInteger()),
        sa.Column("open_keys", sa.BigInteger()),
    ):
        op.add_column("submissions", column)
    op.create_index(
        "ix_submissions_unopened",
        "submissions",
        ["seq"],
        postgresql_where=sa.text("encrypted AND opened_report_id IS NULL"),
    )


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_submissions_unopened", "submissions")
    for name in ("open_keys", "open_files", "open_attempts", "open_held_until"):
        op.drop_column("submissions", name)
    op.drop_column("attachments", "held_until")
