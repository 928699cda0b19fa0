"""Who goes: registration and rest, shifts, teams, offers; tasks that need several; a queue's order with ageing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_RENAMED = {"medic": "first_aid", "driver": "driving", "machinery": "loader"}
_MOMENT = sa.DateTime(timezone=True)
_NOW = sa.text("clock_timestamp()")
_CODES = sa.text("'{}'")
_RANK = (
    "priority - 0.5 * (extract(epoch FROM created_at - TIMESTAMPTZ '2026-01-01 00:00:00+00') / 3600)::double precision"
)


def _id(name: str, table: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{table}.id"), nullable=nullable)


def _sealed() -> tuple[sa.Column[object], sa.Column[object]]:
    return sa.Column("sealing_key_id", sa.Text()), sa.Column("data_key_wrapped", sa.LargeBinary())


def upgrade() -> None:
    """Up. Who was a volunteer before is vetted; the skills get the field's words."""
    _volunteers()
    _teams()
    _tasks()
    _offers()
    _shifts()
    op.add_column("evidence", sa.Column("people_served", sa.BigInteger()))
    op.create_check_constraint(op.f("ck_evidence_people_served"), "evidence", "people_served >= 0")


def _volunteers() -> None:
    for column in (
        sa.Column("vetting", sa.Text(), server_default=sa.text("'vetted'"), nullable=False),
        sa.Column("vetted_at", _MOMENT),
        sa.Column("vetted_by", sa.Text()),
        sa.Column("rest_until", _MOMENT),
        sa.Column("on_duty_since", _MOMENT),
        sa.Column("heard_at", _MOMENT),
        sa.Column("check_every_s", sa.BigInteger()),
        sa.Column("check_due_at", _MOMENT),
        sa.Column("silent_at", _MOMENT),
    ):
        op.add_column("volunteers", column)
    op.create_check_constraint(
        op.f("ck_volunteers_vetting"), "volunteers", "vetting IN ('pending', 'vetted', 'refused')"
    )
    op.create_check_constraint(op.f("ck_volunteers_check_every"), "volunteers", "check_every_s BETWEEN 60 AND 86400")
    op.create_index(
        "ix_volunteers_check_due",
        "volunteers",
        ["check_due_at"],
        postgresql_where=sa.text("check_due_at IS NOT NULL AND silent_at IS NULL"),
    )
    op.create_index(
        "ix_volunteers_silent", "volunteers", ["silent_at"], postgresql_where=sa.text("silent_at IS NOT NULL")
    )
    op.create_index(
        "ix_volunteers_pending", "volunteers", ["centre_id", "id"], postgresql_where=sa.text("vetting = 'pending'")
    )
    for old, new in _RENAMED.items():
        for table in ("volunteers", "tasks"):
            op.execute(
                f"UPDATE {table} SET skills = array_replace(skills, '{old}', '{new}') WHERE '{old}' = ANY(skills)"  # noqa: S608
            )


def _teams() -> None:
    op.create_table(
        "teams",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("code", sa.Text(), unique=True, nullable=False),
        _id("centre_id", "centres", nullable=False),
        _id("leader_id", "volunteers", nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("stood_down_at", _MOMENT),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.CheckConstraint("status IN ('active', 'stood_down')", name=op.f("ck_teams_status")),
    )
    op.create_index("ix_teams_centre", "teams", ["centre_id"], postgresql_where=sa.text("status = 'active'"))
    op.execute("CREATE TRIGGER touch_version BEFORE UPDATE ON teams FOR EACH ROW EXECUTE FUNCTION touch_version()")
    op.create_table(
        "team_members",
        _id("team_id", "teams", nullable=False),
        _id("volunteer_id", "volunteers", nullable=False),
        sa.Column("joined_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("left_at", _MOMENT),
        sa.PrimaryKeyConstraint("team_id", "volunteer_id", "joined_at"),
    )
    op.create_index(
        "uq_team_members_live",
        "team_members",
        ["volunteer_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )


def _tasks() -> None:
    for column in (
        sa.Column("crew_min", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("women_min", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("languages", ARRAY(sa.Text()), server_default=_CODES, nullable=False),
        _id("team_id", "teams"),
        sa.Column("rank", sa.Double(), sa.Computed(_RANK, persisted=True), nullable=False),
    ):
        op.add_column("tasks", column)
    op.create_check_constraint(op.f("ck_tasks_crew"), "tasks", "crew_min BETWEEN 1 AND 50")
    op.create_check_constraint(op.f("ck_tasks_women"), "tasks", "women_min BETWEEN 0 AND crew_min")
    op.drop_index("ix_tasks_next", "tasks")
    op.create_index(
        "ix_tasks_next",
        "tasks",
        ["queue_id", sa.text("rank DESC"), "id"],
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_tasks_board",
        "tasks",
        ["state", sa.text("rank DESC"), "id"],
        postgresql_where=sa.text("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"),
    )
    op.add_column("leases", _id("team_id", "teams"))
    op.create_table(
        "task_shortfalls",
        sa.Column("task_id", sa.Uuid(), sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("found", JSONB(), nullable=False),
        sa.Column("at", _MOMENT, server_default=_NOW, nullable=False),
    )
    op.create_table(
        "queue_loads",
        _id("queue_id", "queues", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("life", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
        sa.Column("oldest", _MOMENT),
        sa.PrimaryKeyConstraint("queue_id", "state"),
    )


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _id("task_id", "tasks", nullable=False),
        _id("volunteer_id", "volunteers", nullable=False),
        _id("team_id", "teams"),
        sa.Column("kind", sa.Text(), server_default=sa.text("'offer'"), nullable=False),
        sa.Column("fence", sa.BigInteger()),
        sa.Column("channel", sa.Text(), server_default=sa.text("'app'"), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_at", _MOMENT),
        sa.Column("note_sealed", sa.LargeBinary()),
        *_sealed(),
        sa.CheckConstraint("kind IN ('offer', 'hand_over')", name=op.f("ck_offers_kind")),
        sa.CheckConstraint("(kind = 'hand_over') = (fence IS NOT NULL)", name=op.f("ck_offers_fence")),
        sa.CheckConstraint("channel IN ('app', 'sms')", name=op.f("ck_offers_channel")),
        sa.CheckConstraint(
            "answer IN ('accepted', 'declined', 'expired', 'withdrawn', 'too_late')", name=op.f("ck_offers_answer")
        ),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_offers_answered")),
    )
    op.create_index(
        "uq_offers_live",
        "offers",
        ["task_id", "volunteer_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("ix_offers_volunteer", "offers", ["volunteer_id"], postgresql_where=sa.text("answered_at IS NULL"))
    op.create_index("ix_offers_expiry", "offers", ["expires_at"], postgresql_where=sa.text("answered_at IS NULL"))
    op.create_index("ix_offers_task", "offers", ["task_id", "made_at"])


def _shifts() -> None:
    op.create_table(
        "shifts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _id("centre_id", "centres", nullable=False),
        _id("volunteer_id", "volunteers", nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("checked_in_at", _MOMENT),
        sa.Column("checked_out_at", _MOMENT),
        sa.Column("cancelled_at", _MOMENT),
        sa.Column("note_sealed", sa.LargeBinary()),
        sa.Column("noted_at", _MOMENT),
        *_sealed(),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shifts_ends")),
        sa.CheckConstraint("work IN ('field', 'desk', 'store', 'driving')", name=op.f("ck_shifts_work")),
    )
    op.create_index("ix_shifts_centre", "shifts", ["centre_id", "starts_at"])
    op.create_index("ix_shifts_volunteer", "shifts", ["volunteer_id", "starts_at"])
    op.execute("CREATE TRIGGER touch_version BEFORE UPDATE ON shifts FOR EACH ROW EXECUTE FUNCTION touch_version()")


def downgrade() -> None:
    """Down. What teams, shifts and offers said goes; skills keep their new words."""
    op.drop_column("evidence", "people_served")
    for table in ("shifts", "offers", "queue_loads", "task_shortfalls"):
        op.drop_table(table)
    op.drop_column("leases", "team_id")
    op.drop_index("ix_tasks_board", "tasks")
    op.drop_index("ix_tasks_next", "tasks")
    for name in ("rank", "team_id", "languages", "women_min", "crew_min"):
        op.drop_column("tasks", name)
    op.create_index(
        "ix_tasks_next",
        "tasks",
        ["queue_id", sa.text("priority DESC"), "created_at", "id"],
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_table("team_members")
    op.drop_table("teams")
    for name in ("silent_at", "check_due_at", "check_every_s", "heard_at", "on_duty_since", "rest_until", "vetted_by"):
        op.drop_column("volunteers", name)
    for name in ("vetted_at", "vetting"):
        op.drop_column("volunteers", name)
