"""Duty and rest of volunteers: stretches of duty, why somebody rests, numbers nobody has confirmed; quiet signs of life."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_SEEN = (
    "code, centre_id, name_sealed, phone_sealed, phone_hash, phone_claim, skills, languages, gender, vehicle,"
    " capacity_kg, status, vetting, rest_until, rest_why"
)
"""What an editor sees: a change of it makes a new version. Signs of life come by the second and make none."""


def upgrade() -> None:
    """Up."""
    for column in (
        sa.Column("phone_claim", sa.LargeBinary()),
        sa.Column("rest_why", sa.Text()),
        sa.Column("duty_began_at", _MOMENT),
        sa.Column("duty_ended_at", _MOMENT),
    ):
        op.add_column("volunteers", column)
    op.create_check_constraint(op.f("ck_volunteers_rest_why"), "volunteers", "rest_why IN ('duty', 'own', 'person')")
    op.create_index(
        "ix_volunteers_duty",
        "volunteers",
        ["duty_began_at"],
        postgresql_where=sa.text("on_duty_since IS NOT NULL"),
    )
    op.execute("DROP TRIGGER touch_version ON volunteers")
    op.execute(
        f"CREATE TRIGGER touch_version BEFORE UPDATE OF {_SEEN} ON volunteers FOR EACH ROW"
        " EXECUTE FUNCTION touch_version()"
    )


def downgrade() -> None:
    """Down."""
    op.execute("DROP TRIGGER touch_version ON volunteers")
    op.execute("CREATE TRIGGER touch_version BEFORE UPDATE ON volunteers FOR EACH ROW EXECUTE FUNCTION touch_version()")
    op.drop_index("ix_volunteers_duty", table_name="volunteers")
    op.drop_constraint(op.f("ck_volunteers_rest_why"), "volunteers")
    for column in ("duty_ended_at", "duty_began_at", "rest_why", "phone_claim"):
        op.drop_column("volunteers", column)
