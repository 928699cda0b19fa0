"""Whose a draft is: the emergency and the centre that its maker is bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0032"
branch_labels = None
depends_on = None

_OWNERS = {"owner_emergency_id": "emergencies", "owner_centre_id": "centres"}


def upgrade() -> None:
    """Up. The forms that are there belong to the whole house."""
    for column, table in _OWNERS.items():
        op.add_column("forms", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_forms_{column}"), "forms", table, [column], ["id"])


def downgrade() -> None:
    """Down."""
    for column in _OWNERS:
        op.drop_column("forms", column)
