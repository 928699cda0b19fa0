"""Lanes, parts, watches and aliases of reports; codes that volunteers text back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_table(
        "report_aliases",
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("promised_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_aliases_report_id")),
        sa.PrimaryKeyConstraint("receipt", name=op.f("pk_report_aliases")),
        sa.UniqueConstraint("promised_id", name=op.f("uq_report_aliases_promised_id")),
    )
    op.create_index(op.f("ix_report_aliases_report_id"), "report_aliases", ["report_id"], unique=False)
    op.create_table(
        "report_parts",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("whole", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "number BETWEEN 1 AND total AND total BETWEEN 2 AND 255", name=op.f("ck_report_parts_number")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["reports.id"], name=op.f("fk_report_parts_lead_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_parts_report_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_parts")),
    )
    op.create_index(op.f("ix_report_parts_lead_id"), "report_parts", ["lead_id"], unique=False)
    op.create_index("ix_report_parts_whole", "report_parts", ["whole", "created_at"], unique=False)
    op.create_table(
        "report_watches",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["emergency_id"], ["emergencies.id"], name=op.f("fk_report_watches_emergency_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_watches_report_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_watches")),
    )
    op.create_index(
        "ix_report_watches_due",
        "report_watches",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("seen_at IS NULL AND escalated_at IS NULL"),
    )
    op.create_index(
        "ix_report_watches_open",
        "report_watches",
        ["escalated_at"],
        unique=False,
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.create_table(
        "task_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("verbs", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.Column("used_as", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_codes_task_id")),
        sa.ForeignKeyConstraint(["used_by"], ["reports.id"], name=op.f("fk_task_codes_used_by")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteers.id"], name=op.f("fk_task_codes_volunteer_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_task_codes")),
    )
    op.create_index("ix_task_codes_task", "task_codes", ["task_id", "fence"], unique=False)
    op.add_column("reports", sa.Column("lane", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("reports", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(
        op.f("ix_reports_ready"),
        table_name="reports",
        postgresql_where="((read_state = 'pending'::text) AND ((emergency_id IS NOT NULL) OR (read_at IS NULL)))",
    )
    op.create_index(
        "ix_reports_ready",
        "reports",
        ["lane", "received_at", "id"],
        unique=False,
        postgresql_where=sa.text("read_state = 'pending' AND (emergency_id IS NOT NULL OR read_at IS NULL)"),
    )
    op.create_check_constraint("lane", "reports", "lane IN (0, 1)")


def downgrade() -> None:
    """Down."""
    op.drop_constraint("lane", "reports", type_="check")
    op.drop_index(
        "ix_reports_ready",
        table_name="reports",
        postgresql_where=sa.text("read_state = 'pending' AND (emergency_id IS NOT NULL OR read_at IS NULL)"),
    )
    op.create_index(
        op.f("ix_reports_ready"),
        "reports",
        ["received_at", "id"],
        unique=False,
        postgresql_where="((read_state = 'pending'::text) AND ((emergency_id IS NOT NULL) OR (read_at IS NULL)))",
    )
    op.drop_column("reports", "held_until")
    op.drop_column("reports", "lane")
    op.drop_index("ix_task_codes_task", table_name="task_codes")
    op.drop_table("task_codes")
    op.drop_index("ix_report_watches_open", table_name="report_watches", postgresql_where=sa.text("seen_at IS NULL"))
    op.drop_index(
        "ix_report_watches_due",
        table_name="report_watches",
        postgresql_where=sa.text("seen_at IS NULL AND escalated_at IS NULL"),
    )
    op.drop_table("report_watches")
    op.drop_index("ix_report_parts_whole", table_name="report_parts")
    op.drop_index(op.f("ix_report_parts_lead_id"), table_name="report_parts")
    op.drop_table("report_parts")
    op.drop_index(op.f("ix_report_aliases_report_id"), table_name="report_aliases")
    op.drop_table("report_aliases")
