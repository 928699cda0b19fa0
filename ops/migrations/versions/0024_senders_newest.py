"""What a sender has lately spoken of is found at the end of an index."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_WHERE = sa.text("undone_at IS NULL AND sender_hash IS NOT NULL")


def upgrade() -> None:
    """Up."""
    op.drop_index("ix_report_links_sender", "report_links")
    op.create_index("ix_report_links_sender", "report_links", ["sender_hash", "said_at"], postgresql_where=_WHERE)


def downgrade() -> None:
    """Down."""
    op.drop_index("ix_report_links_sender", "report_links")
    op.create_index("ix_report_links_sender", "report_links", ["sender_hash"], postgresql_where=_WHERE)
