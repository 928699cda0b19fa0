"""The rare jobs' tables, as the installed procrastinate ships them."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DROP = """
DO $$
DECLARE line text;
BEGIN
  FOR line IN
    SELECT format('DROP TABLE IF EXISTS %I CASCADE', tablename) FROM pg_tables
      WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate\\_%'
    UNION ALL
    SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc
      WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'procrastinate\\_%'
    UNION ALL
    SELECT format('DROP TYPE IF EXISTS %I CASCADE', typname) FROM pg_type
      WHERE typnamespace = current_schema()::regnamespace AND typname LIKE 'procrastinate\\_%' AND typtype = 'e'
  LOOP EXECUTE line; END LOOP;
  FOR line IN
    SELECT format('DROP TYPE IF EXISTS %I CASCADE', typname) FROM pg_type
      WHERE typnamespace = current_schema()::regnamespace AND typname LIKE 'procrastinate\\_%' AND typtype = 'c'
  LOOP EXECUTE line; END LOOP;
END $$
"""


def upgrade() -> None:
    """Up."""
    # exec_driver_sql takes the text as it is: the schema holds colons and percent signs of its own.
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def downgrade() -> None:
    """Down."""
    op.get_bind().exec_driver_sql(DROP.replace("%", "%%"))
