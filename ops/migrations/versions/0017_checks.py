"""Who verified what and why; the queue of what to check next."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LISTED = sa.text("score > 0")
STATES = "IN ('unverified', 'likely', 'confirmed', 'refuted')"


def upgrade() -> None:
    """Up. What is open already is put in line to be looked at."""
    op.create_table(
        "verifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("need_id", sa.Uuid(), nullable=True),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("became", sa.Text(), nullable=False),
        sa.Column("was_decided", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("undoes", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("sealing_key_id", sa.Text(), nullable=True),
        sa.Column("data_key_wrapped", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("num_nonnulls(incident_id, need_id) = 1", name=op.f("ck_verifications_one_subject")),
        sa.CheckConstraint(f"was {STATES}", name=op.f("ck_verifications_was")),
        sa.CheckConstraint(f"became {STATES}", name=op.f("ck_verifications_became")),
        sa.ForeignKeyConstraint(["emergency_id"], ["emergencies.id"], name=op.f("fk_verifications_emergency_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_verifications_incident_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_verifications_need_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_verifications_report_id")),
        sa.ForeignKeyConstraint(["undoes"], ["verifications.id"], name=op.f("fk_verifications_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
        sa.UniqueConstraint("undoes", name=op.f("uq_verifications_undoes")),
    )
    for kind in ("need", "incident"):
        op.create_index(
            f"ix_verifications_{kind}",
            "verifications",
            [f"{kind}_id", "at", "id"],
            postgresql_where=sa.text(f"{kind}_id IS NOT NULL"),
        )
        # Of a record with ten thousand voices the newest few are asked for.
        op.drop_index(f"ix_report_links_{kind}", table_name="report_links")
        op.create_index(
            f"ix_report_links_{kind}",
            "report_links",
            [f"{kind}_id", "said_at"],
            postgresql_where=sa.text(f"{kind}_id IS NOT NULL"),
        )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON verifications"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.create_table(
        "checks",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), nullable=True),
        sa.Column("centre_id", sa.Uuid(), nullable=True),
        sa.Column("score", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("asks", sa.Text(), nullable=True),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('need', 'incident')", name=op.f("ck_checks_kind")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_checks")),
    )
    op.create_index("ix_checks_rank", "checks", ["score", "subject_id"], postgresql_where=LISTED)
    op.create_index("ix_checks_emergency", "checks", ["emergency_id", "score", "subject_id"], postgresql_where=LISTED)
    op.create_index("ix_checks_centre", "checks", ["centre_id", "score", "subject_id"], postgresql_where=LISTED)
    op.create_index("ix_checks_where", "checks", ["geom"], postgresql_using="gist", postgresql_where=LISTED)
    op.create_index("ix_checks_due", "checks", ["due_at", "subject_id"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_table(
        "check_skips",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "actor", name=op.f("pk_check_skips")),
    )
    for table, geometry in (("needs", "geom_shown"), ("incidents", "geom")):
        op.create_index(
            f"ix_{table}_refuted",
            table,
            ["category", geometry],
            postgresql_using="gist",
            postgresql_where=sa.text("verification = 'refuted'"),
        )
    op.execute(
        "INSERT INTO checks (subject_id, kind, due_at) SELECT id, 'need', clock_timestamp() FROM needs"
        " WHERE status IN ('open', 'tasked') UNION ALL SELECT id, 'incident', clock_timestamp() FROM incidents"
        " WHERE status = 'open'"
    )


def downgrade() -> None:
    """Down."""
    for table in ("incidents", "needs"):
        op.drop_index(f"ix_{table}_refuted", table_name=table)
    op.drop_table("check_skips")
    op.drop_table("checks")
    for kind in ("need", "incident"):
        op.drop_index(f"ix_report_links_{kind}", table_name="report_links")
        op.create_index(
            f"ix_report_links_{kind}",
            "report_links",
            [f"{kind}_id"],
            postgresql_where=sa.text(f"{kind}_id IS NOT NULL"),
        )
    op.drop_table("verifications")
