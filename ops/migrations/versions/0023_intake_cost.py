"""What a report costs to write down: no index entry for a point it has not, one look at emergencies for a whole group.

A foreign key asks once a row, and each asking locks the same emergency's row; two groups at once then need a multixact.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.drop_index("idx_reports_geom_shown", table_name="reports")
    op.execute("CREATE INDEX ix_reports_geom_shown ON reports USING gist (geom_shown) WHERE geom_shown IS NOT NULL")
    op.drop_constraint("fk_reports_emergency_id", "reports", type_="foreignkey")
    op.execute("""
CREATE FUNCTION reports_know_emergency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM (SELECT DISTINCT emergency_id FROM fresh WHERE emergency_id IS NOT NULL) asked
    WHERE NOT EXISTS (SELECT FROM emergencies e WHERE e.id = asked.emergency_id)
  ) THEN
    RAISE foreign_key_violation USING MESSAGE = 'a report of an emergency that is not there',
      TABLE = 'reports', CONSTRAINT = 'fk_reports_emergency_id';
  END IF;
  RETURN NULL;
END $$""")
    op.execute(
        "CREATE TRIGGER know_emergency_new AFTER INSERT ON reports REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION reports_know_emergency()"
    )
    op.execute("""
CREATE FUNCTION report_knows_emergency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM emergencies WHERE id = NEW.emergency_id FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE foreign_key_violation USING MESSAGE = 'a report of an emergency that is not there',
      TABLE = 'reports', CONSTRAINT = 'fk_reports_emergency_id';
  END IF;
  RETURN NULL;
END $$""")
    op.execute(
        "CREATE TRIGGER know_emergency_changed AFTER UPDATE ON reports FOR EACH ROW"
        " WHEN (NEW.emergency_id IS NOT NULL AND NEW.emergency_id IS DISTINCT FROM OLD.emergency_id)"
        " EXECUTE FUNCTION report_knows_emergency()"
    )
    op.execute("""
CREATE FUNCTION keep_emergency_of_reports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM reports WHERE emergency_id = OLD.id) THEN
    RAISE foreign_key_violation USING MESSAGE = 'an emergency with reports stays',
      TABLE = 'reports', CONSTRAINT = 'fk_reports_emergency_id';
  END IF;
  RETURN NULL;
END $$""")
    op.execute(
        "CREATE TRIGGER keep_of_reports AFTER DELETE OR UPDATE OF id ON emergencies"
        " FOR EACH ROW EXECUTE FUNCTION keep_emergency_of_reports()"
    )


def downgrade() -> None:
    """Down."""
    op.execute("DROP TRIGGER keep_of_reports ON emergencies")
    op.execute("DROP TRIGGER know_emergency_changed ON reports")
    op.execute("DROP TRIGGER know_emergency_new ON reports")
    for function in ("keep_emergency_of_reports", "report_knows_emergency", "reports_know_emergency"):
        op.execute(f"DROP FUNCTION {function}()")
    op.create_foreign_key("fk_reports_emergency_id", "reports", "emergencies", ["emergency_id"], ["id"])
    op.drop_index("ix_reports_geom_shown", table_name="reports")
    op.execute("CREATE INDEX idx_reports_geom_shown ON reports USING gist (geom_shown)")
