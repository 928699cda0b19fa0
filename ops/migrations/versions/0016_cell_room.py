"""Room on the pages of the map's cells: a count that goes up stays where its index finds it."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up. Cells are updated far more often than made, and none of what changes is indexed."""
    op.execute("ALTER TABLE map_cells SET (fillfactor = 60)")


def downgrade() -> None:
    """Down."""
    op.execute("ALTER TABLE map_cells RESET (fillfactor)")
