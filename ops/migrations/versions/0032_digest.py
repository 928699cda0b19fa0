"""What a phone's token proves itself with by HTTP Digest, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0035"
branch_labels = None
depends_on = None

_COLUMNS = (("digest_sealed", sa.LargeBinary()), ("data_key_wrapped", sa.LargeBinary()), ("sealing_key_id", sa.Text()))


def upgrade() -> None:
    """Up."""
    for name, kind in _COLUMNS:
        op.add_column("tokens", sa.Column(name, kind))


def downgrade() -> None:
    """Down."""
    for name, _ in _COLUMNS:
        op.drop_column("tokens", name)
