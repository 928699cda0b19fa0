"""Entities that a change speaks of before their registration has come; a list's newest by index."""

from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.drop_constraint("ck_entities_state", "entities")
    op.create_check_constraint(op.f("ck_entities_state"), "entities", "state IN ('active', 'archived', 'waiting')")
    op.create_index("ix_entities_newest", "entities", ["list_id", "id"], postgresql_where="state = 'active'")


def downgrade() -> None:
    """Down. What was never registered is put away; its changes stay."""
    op.drop_index("ix_entities_newest", "entities")
    op.drop_constraint("ck_entities_state", "entities")
    op.execute("UPDATE entities SET state = 'archived' WHERE state = 'waiting'")
    op.create_check_constraint(op.f("ck_entities_state"), "entities", "state IN ('active', 'archived')")
