"""Tables, part 3 of 3: report_links, tasks, tokens, leases, movements, stock_accounts, entries, evidence, stock."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_table('report_links',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('report_id', sa.Uuid(), nullable=False),
    sa.Column('incident_id', sa.Uuid(), nullable=True),
    sa.Column('need_id', sa.Uuid(), nullable=True),
    sa.Column('role', sa.Text(), server_default=sa.text("'other'"), nullable=False),
    sa.Column('sender_hash', sa.LargeBinary(), nullable=True),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by', sa.Text(), nullable=True),
    sa.CheckConstraint('num_nonnulls(incident_id, need_id) = 1', name=op.f('ck_report_links_one_subject')),
    sa.ForeignKeyConstraint(['incident_id'], ['incidents.id'], name=op.f('fk_report_links_incident_id')),
    sa.ForeignKeyConstraint(['need_id'], ['needs.id'], name=op.f('fk_report_links_need_id')),
    sa.ForeignKeyConstraint(['report_id'], ['reports.id'], name=op.f('fk_report_links_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_links'))
    )
    op.create_index('ix_report_links_incident', 'report_links', ['incident_id'], unique=False, postgresql_where=sa.text('incident_id IS NOT NULL'))
    op.create_index('ix_report_links_need', 'report_links', ['need_id'], unique=False, postgresql_where=sa.text('need_id IS NOT NULL'))
    op.create_index('uq_report_links_live', 'report_links', ['report_id', 'incident_id', 'need_id'], unique=True, postgresql_nulls_not_distinct=True, postgresql_where=sa.text('undone_at IS NULL'))
    op.create_geospatial_table('tasks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=False),
    sa.Column('queue_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('need_id', sa.Uuid(), nullable=True),
    sa.Column('incident_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Text(), server_default=sa.text("'queued'"), nullable=False),
    sa.Column('urgency', sa.Text(), server_default=sa.text("'normal'"), nullable=False),
    sa.Column('priority', sa.Double(), server_default=sa.text('0'), nullable=False),
    sa.Column('bring', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('skills', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('women_required', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('fence', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('holder_id', sa.Uuid(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('geom_shown', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("state <> 'queued' OR (holder_id IS NULL AND lease_until IS NULL)", name=op.f('ck_tasks_queued_free')),
    sa.CheckConstraint("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated', 'done', 'failed', 'cancelled')", name=op.f('ck_tasks_state')),
    sa.CheckConstraint("state NOT IN ('claimed', 'accepted', 'en_route') OR (holder_id IS NOT NULL AND lease_until IS NOT NULL)", name=op.f('ck_tasks_held')),
    sa.CheckConstraint('fence >= 0', name=op.f('ck_tasks_fence')),
    sa.CheckConstraint('geom_shown IS NULL OR (ST_XMin(geom_shown) >= -180 AND ST_XMax(geom_shown) <= 180 AND ST_YMin(geom_shown) >= -90 AND ST_YMax(geom_shown) <= 90)', name=op.f('ck_tasks_geom_on_earth')),
    sa.CheckConstraint('num_nonnulls(need_id, incident_id) = 1', name=op.f('ck_tasks_one_cause')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_tasks_emergency_id')),
    sa.ForeignKeyConstraint(['holder_id'], ['volunteers.id'], name=op.f('fk_tasks_holder_id')),
    sa.ForeignKeyConstraint(['incident_id'], ['incidents.id'], name=op.f('fk_tasks_incident_id')),
    sa.ForeignKeyConstraint(['need_id'], ['needs.id'], name=op.f('fk_tasks_need_id')),
    sa.ForeignKeyConstraint(['queue_id'], ['queues.id'], name=op.f('fk_tasks_queue_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tasks')),
    sa.UniqueConstraint('code', name=op.f('uq_tasks_code'))
    )
    op.create_geospatial_index('idx_tasks_geom_shown', 'tasks', ['geom_shown'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_index('ix_tasks_emergency_updated', 'tasks', ['emergency_id', 'updated_at', 'id'], unique=False)
    op.create_index('ix_tasks_holder', 'tasks', ['holder_id'], unique=False, postgresql_where=sa.text('holder_id IS NOT NULL'))
    op.create_index('ix_tasks_lease', 'tasks', ['lease_until'], unique=False, postgresql_where=sa.text("state IN ('claimed', 'accepted', 'en_route')"))
    op.create_index('ix_tasks_next', 'tasks', ['queue_id', sa.literal_column('priority DESC'), 'created_at', 'id'], unique=False, postgresql_where=sa.text("state = 'queued'"))
    op.create_index('uq_tasks_open_incident_kind', 'tasks', ['incident_id', 'kind'], unique=True, postgresql_where=sa.text("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"))
    op.create_index('uq_tasks_open_need_kind', 'tasks', ['need_id', 'kind'], unique=True, postgresql_where=sa.text("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"))
    op.create_table('tokens',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('centre_id', sa.Uuid(), nullable=True),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('volunteer_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role IN ('gateway', 'volunteer', 'field', 'dispatcher', 'coordinator', 'donor', 'auditor', 'admin')", name=op.f('ck_tokens_role')),
    sa.ForeignKeyConstraint(['centre_id'], ['centres.id'], name=op.f('fk_tokens_centre_id')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_tokens_emergency_id')),
    sa.ForeignKeyConstraint(['volunteer_id'], ['volunteers.id'], name=op.f('fk_tokens_volunteer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tokens')),
    sa.UniqueConstraint('hash', name=op.f('uq_tokens_hash'))
    )
    op.create_table('leases',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('fence', sa.BigInteger(), nullable=False),
    sa.Column('volunteer_id', sa.Uuid(), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_leases_task_id')),
    sa.ForeignKeyConstraint(['volunteer_id'], ['volunteers.id'], name=op.f('fk_leases_volunteer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_leases')),
    sa.UniqueConstraint('task_id', 'fence', name=op.f('uq_leases_task_id_fence'))
    )
    op.create_index('ix_leases_volunteer', 'leases', ['volunteer_id', 'claimed_at'], unique=False)
    op.create_index('uq_leases_live', 'leases', ['task_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('movements',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('natural_key', sa.Text(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('task_id', sa.Uuid(), nullable=True),
    sa.Column('need_id', sa.Uuid(), nullable=True),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("kind IN ('receipt', 'dispatch', 'delivery', 'loss', 'adjustment')", name=op.f('ck_movements_kind')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_movements_emergency_id')),
    sa.ForeignKeyConstraint(['need_id'], ['needs.id'], name=op.f('fk_movements_need_id')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_movements_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_movements')),
    sa.UniqueConstraint('code', name=op.f('uq_movements_code')),
    sa.UniqueConstraint('natural_key', name=op.f('uq_movements_natural_key'))
    )
    op.create_index('ix_movements_emergency_at', 'movements', ['emergency_id', 'at'], unique=False)
    op.create_index('ix_movements_task_id', 'movements', ['task_id'], unique=False)
    op.create_table('stock_accounts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('centre_id', sa.Uuid(), nullable=True),
    sa.Column('task_id', sa.Uuid(), nullable=True),
    sa.CheckConstraint("(kind = 'centre') = (centre_id IS NOT NULL)", name=op.f('ck_stock_accounts_centre')),
    sa.CheckConstraint("kind <> 'transit' OR task_id IS NOT NULL", name=op.f('ck_stock_accounts_transit_task')),
    sa.CheckConstraint("kind IN ('centre', 'transit', 'received', 'outside', 'loss')", name=op.f('ck_stock_accounts_kind')),
    sa.ForeignKeyConstraint(['centre_id'], ['centres.id'], name=op.f('fk_stock_accounts_centre_id')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_stock_accounts_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stock_accounts'))
    )
    op.create_index('uq_stock_accounts_holder', 'stock_accounts', ['kind', 'centre_id', 'task_id'], unique=True, postgresql_nulls_not_distinct=True)
    op.create_table('entries',
    sa.Column('movement_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('item_id', sa.Uuid(), nullable=False),
    sa.Column('quantity', sa.Numeric(), nullable=False),
    sa.CheckConstraint('quantity <> 0 AND abs(quantity) < 1e9', name=op.f('ck_entries_quantity')),
    sa.ForeignKeyConstraint(['account_id'], ['stock_accounts.id'], name=op.f('fk_entries_account_id')),
    sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_entries_item_id')),
    sa.ForeignKeyConstraint(['movement_id'], ['movements.id'], name=op.f('fk_entries_movement_id')),
    sa.PrimaryKeyConstraint('movement_id', 'account_id', 'item_id', name=op.f('pk_entries'))
    )
    op.create_table('evidence',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('fence', sa.BigInteger(), nullable=False),
    sa.Column('verb', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('late', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('sealing_key_id', sa.Text(), nullable=True),
    sa.Column('data_key_wrapped', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['task_id', 'fence'], ['leases.task_id', 'leases.fence'], name='fk_evidence_lease'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evidence')),
    sa.UniqueConstraint('task_id', 'fence', 'verb', name=op.f('uq_evidence_task_id_fence_verb'))
    )
    op.create_table('stock',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('item_id', sa.Uuid(), nullable=False),
    sa.Column('quantity', sa.Numeric(), server_default=sa.text('0'), nullable=False),
    sa.Column('may_be_negative', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint('quantity >= 0 OR may_be_negative', name=op.f('ck_stock_quantity')),
    sa.ForeignKeyConstraint(['account_id'], ['stock_accounts.id'], name=op.f('fk_stock_account_id')),
    sa.ForeignKeyConstraint(['item_id'], ['items.id'], name=op.f('fk_stock_item_id')),
    sa.PrimaryKeyConstraint('account_id', 'item_id', name=op.f('pk_stock'))
    )


def downgrade() -> None:
    """Down."""
    op.drop_table('stock')
    op.drop_table('evidence')
    op.drop_table('entries')
    op.drop_index('uq_stock_accounts_holder', table_name='stock_accounts', postgresql_nulls_not_distinct=True)
    op.drop_table('stock_accounts')
    op.drop_index('ix_movements_task_id', table_name='movements')
    op.drop_index('ix_movements_emergency_at', table_name='movements')
    op.drop_table('movements')
    op.drop_index('uq_leases_live', table_name='leases', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_leases_volunteer', table_name='leases')
    op.drop_table('leases')
    op.drop_table('tokens')
    op.drop_index('uq_tasks_open_need_kind', table_name='tasks', postgresql_where=sa.text("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"))
    op.drop_index('uq_tasks_open_incident_kind', table_name='tasks', postgresql_where=sa.text("state IN ('queued', 'claimed', 'accepted', 'en_route', 'escalated')"))
    op.drop_index('ix_tasks_next', table_name='tasks', postgresql_where=sa.text("state = 'queued'"))
    op.drop_index('ix_tasks_lease', table_name='tasks', postgresql_where=sa.text("state IN ('claimed', 'accepted', 'en_route')"))
    op.drop_index('ix_tasks_holder', table_name='tasks', postgresql_where=sa.text('holder_id IS NOT NULL'))
    op.drop_index('ix_tasks_emergency_updated', table_name='tasks')
    op.drop_geospatial_index('idx_tasks_geom_shown', table_name='tasks', postgresql_using='gist', column_name='geom_shown')
    op.drop_geospatial_table('tasks')
    op.drop_index('uq_report_links_live', table_name='report_links', postgresql_nulls_not_distinct=True, postgresql_where=sa.text('undone_at IS NULL'))
    op.drop_index('ix_report_links_need', table_name='report_links', postgresql_where=sa.text('need_id IS NOT NULL'))
    op.drop_index('ix_report_links_incident', table_name='report_links', postgresql_where=sa.text('incident_id IS NOT NULL'))
    op.drop_table('report_links')
