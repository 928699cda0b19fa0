"""Records found by their landmarks, and a place's newest records off the end of an index."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_OPEN = {"needs": "status IN ('open', 'tasked')", "incidents": "status = 'open'"}
_BY_PLACE = ["emergency_id", "category", "place_id"]


def upgrade() -> None:
    """Up."""
    op.create_table(
        "join_marks",
        sa.Column("emergency_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("near", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergencies.id"], name=op.f("fk_join_marks_emergency_id_emergencies")
        ),
        sa.PrimaryKeyConstraint("emergency_id", "category", "mark", "near", "subject_id", name=op.f("pk_join_marks")),
    )
    op.create_index(op.f("ix_join_marks_subject_id"), "join_marks", ["subject_id"])
    for table, where in _OPEN.items():
        op.drop_index(f"ix_{table}_open_place", table)
        op.create_index(
            f"ix_{table}_open_place", table, [*_BY_PLACE, "last_reported_at"], postgresql_where=sa.text(where)
        )


def downgrade() -> None:
    """Down."""
    for table, where in _OPEN.items():
        op.drop_index(f"ix_{table}_open_place", table)
        op.create_index(f"ix_{table}_open_place", table, _BY_PLACE, postgresql_where=sa.text(where))
    op.drop_table("join_marks")
