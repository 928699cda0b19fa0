"""Joins that a person is asked about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Up."""
    op.create_table(
        "join_proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("alike", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('need', 'incident')", name=op.f("ck_join_proposals_kind")),
        sa.CheckConstraint("state IN ('open', 'joined', 'apart')", name=op.f("ck_join_proposals_state")),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergencies.id"], name=op.f("fk_join_proposals_emergency_id_emergencies")
        ),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_join_proposals_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_proposals")),
        sa.UniqueConstraint("subject_id", "other_id", name=op.f("uq_join_proposals_subject_id_other_id")),
    )
    op.create_index("ix_join_proposals_open", "join_proposals", ["made_at", "id"], postgresql_where=_OPEN)
    op.create_index(
        "ix_join_proposals_emergency", "join_proposals", ["emergency_id", "made_at", "id"], postgresql_where=_OPEN
    )
    op.create_index("ix_join_proposals_report", "join_proposals", ["report_id"])
    op.create_index(
        "ix_join_proposals_decided",
        "join_proposals",
        ["other_id", "alike"],
        postgresql_where=sa.text("state <> 'open'"),
    )


def downgrade() -> None:
    """Down."""
    op.drop_table("join_proposals")
