"""Whose house an alarm is about; who put a shift down: one's own word alone opens nobody's notes."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up, with the centres of who is silent now."""
    op.add_column("alarms", sa.Column("centre_id", sa.Uuid()))
    op.create_foreign_key(op.f("fk_alarms_centre_id"), "alarms", "centres", ["centre_id"], ["id"])
    op.execute(
        "UPDATE alarms a SET centre_id = v.centre_id FROM volunteers v"
        " WHERE a.code = 'volunteer.silent' AND a.over_at IS NULL AND v.code = a.subject"
    )
    # What stands was made before the difference was kept: those shifts count as the centre's for as long as they last.
    op.add_column("shifts", sa.Column("by_herself", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    """Down."""
    op.drop_column("shifts", "by_herself")
    op.drop_column("alarms", "centre_id")
