"""Joining: what each report's part says, which fields a person decided, and the indexes of chain and lists."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN_NEED = sa.text("status IN ('open', 'tasked')")
OPEN_INCIDENT = sa.text("status = 'open'")
READY = sa.text("read_state = 'pending' AND (emergency_id IS NOT NULL OR read_at IS NULL)")

# The score of a need grows by the minute; that alone must not spoil the ETag a coordinator holds.
TOUCH_NEED = """
CREATE FUNCTION touch_need_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE probe needs%ROWTYPE := NEW;
BEGIN
  IF NEW.priority IS DISTINCT FROM OLD.priority THEN
    probe.priority := OLD.priority;
    probe.priority_why := OLD.priority_why;
    IF probe *= OLD THEN RETURN NEW; END IF;
  END IF;
  NEW.version := OLD.version + 1;
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Up."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.add_column("report_links", sa.Column("said", JSONB, nullable=False, server_default=sa.text("'{}'")))
    op.add_column(
        "report_links",
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
    )
    for table in ("needs", "incidents"):
        op.add_column(table, sa.Column("decided", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")))
        op.add_column(table, sa.Column("merged_into", sa.Uuid, nullable=True))
        op.create_foreign_key(f"fk_{table}_merged_into", table, table, ["merged_into"], ["id"])
        op.create_index(f"ix_{table}_updated", table, ["updated_at", "id"])
        op.create_index(f"ix_{table}_category_updated", table, ["emergency_id", "category", "updated_at", "id"])
        op.create_index(f"ix_{table}_status_updated", table, ["emergency_id", "status", "updated_at", "id"])
        op.drop_index(f"ix_{table}_join", table)
    op.create_index(
        "ix_needs_open_place", "needs", ["emergency_id", "category", "place_id"], postgresql_where=OPEN_NEED
    )
    op.create_index(
        "ix_incidents_open_place", "incidents", ["emergency_id", "category", "place_id"], postgresql_where=OPEN_INCIDENT
    )
    op.create_index(
        "ix_needs_open_near", "needs", ["category", "geom_shown"], postgresql_using="gist", postgresql_where=OPEN_NEED
    )
    op.create_index(
        "ix_incidents_open_near",
        "incidents",
        ["category", "geom"],
        postgresql_using="gist",
        postgresql_where=OPEN_INCIDENT,
    )
    op.create_index("ix_needs_open", "needs", ["id"], postgresql_where=OPEN_NEED)
    op.create_index(
        "ix_report_links_sender",
        "report_links",
        ["sender_hash"],
        postgresql_where=sa.text("undone_at IS NULL AND sender_hash IS NOT NULL"),
    )
    op.create_index("ix_closures_emergency_updated", "closures", ["emergency_id", "updated_at", "id"])
    op.create_index("ix_reports_ready", "reports", ["received_at", "id"], postgresql_where=READY)
    op.drop_index("ix_reports_pending", "reports")
    op.execute(TOUCH_NEED)
    op.execute("DROP TRIGGER touch_version ON needs")
    op.execute("CREATE TRIGGER touch_version BEFORE UPDATE ON needs FOR EACH ROW EXECUTE FUNCTION touch_need_version()")


def downgrade() -> None:
    """Down."""
    op.execute("DROP TRIGGER touch_version ON needs")
    op.execute("CREATE TRIGGER touch_version BEFORE UPDATE ON needs FOR EACH ROW EXECUTE FUNCTION touch_version()")
    op.execute("DROP FUNCTION touch_need_version()")
    op.create_index(
        "ix_reports_pending", "reports", ["received_at"], postgresql_where=sa.text("read_state = 'pending'")
    )
    op.drop_index("ix_reports_ready", "reports")
    op.drop_index("ix_closures_emergency_updated", "closures")
    op.drop_index("ix_report_links_sender", "report_links")
    op.drop_index("ix_needs_open", "needs")
    for table, where in (("incidents", OPEN_INCIDENT), ("needs", OPEN_NEED)):
        op.drop_index(f"ix_{table}_open_near", table)
        op.drop_index(f"ix_{table}_open_place", table)
        op.create_index(
            f"ix_{table}_join", table, ["emergency_id", "category", "last_reported_at"], postgresql_where=where
        )
        for name in ("status_updated", "category_updated", "updated"):
            op.drop_index(f"ix_{table}_{name}", table)
        op.drop_constraint(f"fk_{table}_merged_into", table)
        op.drop_column(table, "merged_into")
        op.drop_column(table, "decided")
    op.drop_column("report_links", "said_at")
    op.drop_column("report_links", "said")
