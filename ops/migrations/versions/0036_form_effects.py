"""Effects that a person set aside, and the clear reports of sealed submissions found by their id."""

from alembic import op

revision = "0036"
down_revision = "0026"
branch_labels = None
depends_on = None

_STATES = "state IN ('done', 'refused', 'reversed', 'dismissed')"


def upgrade() -> None:
    """Up."""
    op.drop_constraint("ck_submission_effects_state", "submission_effects")
    op.create_check_constraint(op.f("ck_submission_effects_state"), "submission_effects", _STATES)
    op.create_index(
        "ix_submissions_opened_report_id",
        "submissions",
        ["opened_report_id"],
        postgresql_where="opened_report_id IS NOT NULL",
    )


def downgrade() -> None:
    """Down. What a person set aside stays refused."""
    op.drop_index("ix_submissions_opened_report_id", "submissions")
    op.execute("UPDATE submission_effects SET state = 'refused' WHERE state = 'dismissed'")
    op.drop_constraint("ck_submission_effects_state", "submission_effects")
    op.create_check_constraint(
        op.f("ck_submission_effects_state"), "submission_effects", "state IN ('done', 'refused', 'reversed')"
    )
