"""Voices and tallies kept up to date; what settled a need is found without reading every task."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_table(
        "report_voices",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("voice", sa.LargeBinary(), nullable=False),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "voice", name=op.f("pk_report_voices")),
    )
    op.create_table(
        "report_tallies",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_report_tallies")),
    )
    # Room on each page, so that a row that is written again and again stays where its index finds it.
    op.execute("ALTER TABLE report_voices SET (fillfactor = 80)")
    op.execute("ALTER TABLE report_tallies SET (fillfactor = 60)")
    op.create_index(
        "ix_tasks_settled", "tasks", ["need_id"], postgresql_where=sa.text("state IN ('failed', 'cancelled')")
    )


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_tasks_settled", "tasks")
    op.drop_table("report_tallies")
    op.drop_table("report_voices")
