"""Words of one's own, corrections of readings, and what reading anew proposes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")


def _moment(name: str, *, now: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.DateTime(timezone=True), server_default=NOW if now else None, nullable=not now)


def upgrade() -> None:
    """Up."""
    op.create_table(
        "lexicon_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), sa.ForeignKey("emergencies.id")),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), sa.ForeignKey("places.id")),
        _moment("made_at", now=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.CheckConstraint("length(phrase) BETWEEN 1 AND 200", name=op.f("ck_lexicon_entries_phrase")),
        sa.CheckConstraint("(\"group\" = 'alias') = (target_id IS NOT NULL)", name=op.f("ck_lexicon_entries_target")),
        sa.UniqueConstraint("entry_id", "number", name=op.f("uq_lexicon_entries_entry_id_number")),
        sa.UniqueConstraint("seq", name=op.f("uq_lexicon_entries_seq")),
    )
    op.create_index(
        "ix_lexicon_entries_current", "lexicon_entries", ["emergency_id", "seq"], postgresql_where=sa.text("current")
    )
    op.create_index(
        "uq_lexicon_entries_current", "lexicon_entries", ["entry_id"], unique=True, postgresql_where=sa.text("current")
    )
    op.create_table(
        "reading_corrections",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("report_id", sa.Uuid(), sa.ForeignKey("reports.id"), nullable=False),
        sa.Column("reading_id", sa.Uuid(), sa.ForeignKey("readings.id"), nullable=False),
        sa.Column("before_id", sa.Uuid(), sa.ForeignKey("readings.id")),
        _moment("made_at", now=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        _moment("undone_at"),
        sa.Column("undone_by", sa.Text()),
        sa.UniqueConstraint("reading_id", name=op.f("uq_reading_corrections_reading_id")),
    )
    op.create_index("ix_reading_corrections_made", "reading_corrections", ["made_at", "id"])
    op.create_index("ix_reading_corrections_report", "reading_corrections", ["report_id", "made_at"])
    _rereads()


def _rereads() -> None:
    op.create_table(
        "rereads",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("emergency_id", sa.Uuid(), sa.ForeignKey("emergencies.id")),
        _moment("since"),
        _moment("until", now=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        _moment("asked_at", now=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        _moment("ended_at"),
        sa.Column("rules_version", sa.Text()),
        _moment("at_received"),
        sa.Column("at_id", sa.Uuid()),
        sa.Column("total", sa.BigInteger()),
        *(
            sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
            for name in ("seen", "differing", "kept", "failed")
        ),
        sa.CheckConstraint("state IN ('running', 'done', 'stopped')", name=op.f("ck_rereads_state")),
    )
    op.create_index("ix_rereads_asked", "rereads", ["asked_at", "id"])
    op.create_index(
        "uq_rereads_running", "rereads", ["state"], unique=True, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "reading_proposals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("reread_id", sa.Uuid(), sa.ForeignKey("rereads.id"), nullable=False, index=True),
        sa.Column("report_id", sa.Uuid(), sa.ForeignKey("reports.id"), nullable=False, index=True),
        sa.Column("emergency_id", sa.Uuid(), sa.ForeignKey("emergencies.id")),
        sa.Column("from_reading_id", sa.Uuid(), sa.ForeignKey("readings.id"), nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        _moment("made_at", now=True),
        _moment("decided_at"),
        sa.Column("decided_by", sa.Text()),
        sa.CheckConstraint("state IN ('open', 'taken', 'left', 'over')", name=op.f("ck_reading_proposals_state")),
    )
    of_open = sa.text("state = 'open'")
    op.create_index(
        "uq_reading_proposals_open", "reading_proposals", ["report_id"], unique=True, postgresql_where=of_open
    )
    op.create_index(
        "ix_reading_proposals_alike",
        "reading_proposals",
        ["emergency_id", "difference", "id"],
        postgresql_where=of_open,
    )
    op.create_index("ix_reading_proposals_state", "reading_proposals", ["state", "id"])


def downgrade() -> None:
    """Down."""
    for table in ("reading_proposals", "rereads", "reading_corrections", "lexicon_entries"):
        op.drop_table(table)
