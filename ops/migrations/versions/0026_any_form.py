"""Any form: where versions are published, their files, submissions with parts and edits, blobs, entities, keys, shelters."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")
_SEALED = (("sealing_key_id", sa.Text()), ("data_key_wrapped", sa.LargeBinary()))


def _now(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), server_default=_NOW, nullable=False)


def _sealed() -> "list[sa.Column[object]]":
    return [sa.Column(name, kind, nullable=True) for name, kind in _SEALED]


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Up. Every published form stays published, to all."""
    _forms()
    _files()
    _submissions()
    _entities()
    _things()


def _forms() -> None:
    for column in (
        sa.Column("kind", sa.Text(), server_default="xlsform", nullable=False),
        sa.Column("file_type", sa.Text(), server_default=".xlsx", nullable=False),
        sa.Column("public_key", sa.Text()),
        sa.Column("entities", postgresql.JSONB()),
        sa.Column("uploads", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("files", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("warnings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="system", nullable=False),
    ):
        op.add_column("forms", column)
    op.create_check_constraint(op.f("ck_forms_kind"), "forms", "kind IN ('xlsform', 'xform')")
    op.drop_index("uq_forms_published", "forms")
    op.create_table(
        "form_publications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("emergency_id", sa.Uuid()),
        sa.Column("centre_id", sa.Uuid()),
        sa.Column("published_by", sa.Text(), nullable=False),
        _now("published_at"),
        _reference("form_publications", "version_id", "forms"),
        _reference("form_publications", "emergency_id", "emergencies"),
        _reference("form_publications", "centre_id", "centres"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_publications")),
        sa.UniqueConstraint(
            "form_id",
            "emergency_id",
            "centre_id",
            name=op.f("uq_form_publications_form_id_emergency_id_centre_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_form_publications_version_id"), "form_publications", ["version_id"])
    op.execute(
        "INSERT INTO form_publications (id, form_id, version_id, published_by)"
        " SELECT gen_random_uuid(), form_id, id, 'system' FROM forms WHERE state = 'published'"
    )
    op.create_table(
        "form_media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("md5", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _now("created_at"),
        _reference("form_media", "version_id", "forms"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_media")),
        sa.UniqueConstraint("version_id", "name", name=op.f("uq_form_media_version_id_name")),
    )


def _files() -> None:
    op.create_table(
        "blobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        _now("created_at"),
        *_sealed(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
        sa.UniqueConstraint("digest", name=op.f("uq_blobs_digest")),
    )
    # A sealed file is of no use to a compression that cannot see into it.
    op.execute("ALTER TABLE blobs ALTER COLUMN content_sealed SET STORAGE EXTERNAL")
    op.alter_column("attachments", "sha256", new_column_name="digest")
    op.drop_constraint("uq_attachments_source_instance_id_name_sha256", "attachments")
    op.create_unique_constraint(
        op.f("uq_attachments_source_instance_id_name_digest"),
        "attachments",
        ["source", "instance_id", "name", "digest"],
    )
    op.alter_column("attachments", "file_sealed", nullable=True)
    for column in (
        sa.Column("blob_id", sa.Uuid()),
        sa.Column("safe_blob_id", sa.Uuid()),
        sa.Column("shown_blob_id", sa.Uuid()),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary()),
        sa.Column("about_sealed", sa.LargeBinary()),
    ):
        op.add_column("attachments", column)
    for column_name in ("blob_id", "safe_blob_id", "shown_blob_id"):
        op.create_foreign_key(op.f(f"fk_attachments_{column_name}"), "attachments", "blobs", [column_name], ["id"])
    op.create_check_constraint(op.f("ck_attachments_content"), "attachments", "num_nonnulls(blob_id, file_sealed) = 1")
    op.create_check_constraint(
        op.f("ck_attachments_state"), "attachments", "state IN ('new', 'safe', 'plain', 'sealed', 'refused')"
    )
    op.create_index("ix_attachments_new", "attachments", ["created_at"], postgresql_where=sa.text("state = 'new'"))
    op.create_index("ix_attachments_blob_id", "attachments", ["blob_id"])
    op.create_index("ix_attachments_instance", "attachments", ["instance_id"])


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("opened_report_id", sa.Uuid()),
        sa.Column("version_id", sa.Uuid()),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("form_version", sa.Text(), nullable=False),
        sa.Column("instance_key", sa.Text(), nullable=False),
        sa.Column("xml_digest", sa.LargeBinary(), nullable=False),
        sa.Column("root_key", sa.Text(), nullable=False),
        sa.Column("replaces_key", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("current", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("conflict", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("draft", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("encrypted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("closed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("wanted", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("emergency_id", sa.Uuid()),
        sa.Column("centre_id", sa.Uuid()),
        sa.Column("sent_by", sa.Text(), nullable=False),
        _now("received_at"),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("settle_attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("problems", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'whole', 'files_missing')", name=op.f("ck_submissions_state")),
        _reference("submissions", "report_id", "reports"),
        _reference("submissions", "opened_report_id", "reports"),
        _reference("submissions", "version_id", "forms"),
        _reference("submissions", "emergency_id", "emergencies"),
        _reference("submissions", "centre_id", "centres"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("report_id", name=op.f("uq_submissions_report_id")),
        sa.UniqueConstraint("instance_key", "xml_digest", name=op.f("uq_submissions_instance_key_xml_digest")),
    )
    op.create_index("ix_submissions_form_seq", "submissions", ["form_id", "seq"])
    op.create_index("ix_submissions_root_key", "submissions", ["root_key"])
    op.create_index("ix_submissions_unsettled", "submissions", ["seq"], postgresql_where=sa.text("settled_at IS NULL"))
    op.create_table(
        "submission_effects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("nth", sa.BigInteger(), nullable=False),
        sa.Column("subject_type", sa.Text()),
        sa.Column("subject_id", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("data", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        _now("at"),
        sa.CheckConstraint("state IN ('done', 'refused', 'reversed')", name=op.f("ck_submission_effects_state")),
        _reference("submission_effects", "submission_id", "submissions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_effects")),
        sa.UniqueConstraint("submission_id", "kind", "nth", name=op.f("uq_submission_effects_submission_id_kind_nth")),
    )
    op.create_index("ix_submission_effects_subject", "submission_effects", ["subject_id"])
    op.create_index(
        "ix_submission_effects_refused", "submission_effects", ["at"], postgresql_where=sa.text("state = 'refused'")
    )


def _entities() -> None:
    op.create_table(
        "entity_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("emergency_id", sa.Uuid()),
        sa.Column("properties", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _now("created_at"),
        _reference("entity_lists", "emergency_id", "emergencies"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity_lists")),
        sa.UniqueConstraint(
            "name",
            "emergency_id",
            name=op.f("uq_entity_lists_name_emergency_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "entities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("entity_key", sa.Text(), nullable=False),
        sa.Column("centre_id", sa.Uuid()),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("conflict", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
        _now("created_at"),
        _now("updated_at"),
        *_sealed(),
        sa.CheckConstraint("state IN ('active', 'archived')", name=op.f("ck_entities_state")),
        _reference("entities", "list_id", "entity_lists"),
        _reference("entities", "centre_id", "centres"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entities")),
        sa.UniqueConstraint("list_id", "entity_key", name=op.f("uq_entities_list_id_entity_key")),
    )
    op.create_table(
        "entity_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid()),
        sa.Column("nth", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("change_sealed", sa.LargeBinary(), nullable=False),
        _now("at"),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_by", sa.Text()),
        *_sealed(),
        _reference("entity_changes", "entity_id", "entities"),
        _reference("entity_changes", "submission_id", "submissions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity_changes")),
        sa.UniqueConstraint("submission_id", "nth", name=op.f("uq_entity_changes_submission_id_nth")),
    )
    op.create_index("ix_entity_changes_entity", "entity_changes", ["entity_id", "version"])
    op.create_index(
        "ix_entity_changes_conflict",
        "entity_changes",
        ["at"],
        postgresql_where=sa.text("outcome = 'conflict' AND resolved_at IS NULL"),
    )


def _things() -> None:
    op.create_table(
        "centre_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("centre_id", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_text", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        _now("created_at"),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        *_sealed(),
        _reference("centre_keys", "centre_id", "centres"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centre_keys")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_centre_keys_fingerprint")),
    )
    op.create_geospatial_table(
        "shelters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("emergency_id", sa.Uuid()),
        sa.Column("name_fa", sa.Text()),
        sa.Column("name_en", sa.Text()),
        sa.Column("name_hash", sa.LargeBinary()),
        sa.Column("name_sealed", sa.LargeBinary()),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("people", sa.BigInteger()),
        sa.Column("capacity", sa.BigInteger()),
        sa.Column("said_at", sa.DateTime(timezone=True)),
        sa.Column("report_id", sa.Uuid()),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False)),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        _now("created_at"),
        _now("updated_at"),
        *_sealed(),
        sa.CheckConstraint("state IN ('open', 'full', 'closed')", name=op.f("ck_shelters_state")),
        sa.CheckConstraint("people >= 0 AND capacity >= 0", name=op.f("ck_shelters_counts")),
        sa.CheckConstraint(
            "geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180"
            " AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)",
            name=op.f("ck_shelters_geom"),
        ),
        _reference("shelters", "emergency_id", "emergencies"),
        _reference("shelters", "report_id", "reports"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shelters")),
        sa.UniqueConstraint("code", name=op.f("uq_shelters_code")),
        sa.UniqueConstraint("emergency_id", "name_hash", name=op.f("uq_shelters_emergency_id_name_hash")),
    )
    op.create_geospatial_index("idx_shelters_geom", "shelters", ["geom"], postgresql_using="gist")
    op.execute("CREATE TRIGGER touch_version BEFORE UPDATE ON shelters FOR EACH ROW EXECUTE FUNCTION touch_version()")


def downgrade() -> None:
    """Down. Files that came since are in blobs, which the former attachments cannot hold: refused while there are any."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM attachments WHERE blob_id IS NOT NULL) THEN"
        " RAISE EXCEPTION 'attachments in blobs would be lost'; END IF; END $$"
    )
    op.drop_geospatial_table("shelters")
    for table in (
        "centre_keys",
        "entity_changes",
        "entities",
        "entity_lists",
        "submission_effects",
        "submissions",
    ):
        op.drop_table(table)
    for index in ("ix_attachments_instance", "ix_attachments_blob_id", "ix_attachments_new"):
        op.drop_index(index, "attachments")
    for name in ("ck_attachments_state", "ck_attachments_content"):
        op.drop_constraint(name, "attachments")
    for column in (
        "about_sealed",
        "name_sealed",
        "attempts",
        "reason",
        "state",
        "shown_blob_id",
        "safe_blob_id",
        "blob_id",
    ):
        op.drop_column("attachments", column)
    op.alter_column("attachments", "file_sealed", nullable=False)
    op.drop_constraint("uq_attachments_source_instance_id_name_digest", "attachments")
    op.alter_column("attachments", "digest", new_column_name="sha256")
    op.create_unique_constraint(
        op.f("uq_attachments_source_instance_id_name_sha256"),
        "attachments",
        ["source", "instance_id", "name", "sha256"],
    )
    op.drop_table("blobs")
    op.drop_table("form_media")
    op.drop_table("form_publications")
    op.execute(
        "UPDATE forms f SET state = 'archived' WHERE state = 'published' AND EXISTS (SELECT 1 FROM forms o"
        " WHERE o.form_id = f.form_id AND o.state = 'published' AND (o.created_at, o.id) > (f.created_at, f.id))"
    )
    op.create_index(
        "uq_forms_published", "forms", ["form_id"], unique=True, postgresql_where=sa.text("state = 'published'")
    )
    op.drop_constraint("ck_forms_kind", "forms")
    for column in ("created_by", "warnings", "files", "uploads", "entities", "public_key", "file_type", "kind"):
        op.drop_column("forms", column)
