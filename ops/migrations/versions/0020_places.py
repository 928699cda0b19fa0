"""Names found by sound and by how they begin at a million places; imported places; a sender's last reports by index."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up. Names that stand there get their sound when the gazetteer is next loaded (at `up`)."""
    op.add_column("places", sa.Column("digest", sa.LargeBinary()))
    op.add_column("place_names", sa.Column("sound", sa.Text()))
    op.add_column("place_names", sa.Column("weight", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.drop_index("ix_place_names_key_trgm", table_name="place_names")
    op.drop_index("ix_place_names_squashed", table_name="place_names")
    op.create_index(
        "ix_place_names_begins",
        "place_names",
        ["squashed"],
        postgresql_ops={"squashed": "text_pattern_ops"},
        postgresql_include=["weight", "place_id"],
    )
    op.create_index("ix_place_names_sound", "place_names", ["sound"], postgresql_include=["weight", "place_id"])
    op.drop_index("ix_reports_sender_hash", table_name="reports")
    op.create_index("ix_reports_sender_received", "reports", ["sender_hash", "received_at"])


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_reports_sender_received", table_name="reports")
    op.create_index("ix_reports_sender_hash", "reports", ["sender_hash"])
    op.drop_index("ix_place_names_sound", table_name="place_names")
    op.drop_index("ix_place_names_begins", table_name="place_names")
    op.create_index("ix_place_names_squashed", "place_names", ["squashed"])
    op.create_index(
        "ix_place_names_key_trgm",
        "place_names",
        ["key"],
        postgresql_using="gin",
        postgresql_ops={"key": "gin_trgm_ops"},
    )
    op.drop_column("place_names", "weight")
    op.drop_column("place_names", "sound")
    op.drop_column("places", "digest")
