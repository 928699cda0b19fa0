"""Tables, part 2 of 3: reports, sessions, set_aside, attachments, closures, needs, queues, readings, volunteers, grants, invites."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_geospatial_table('reports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('receipt', sa.Text(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('source_key', sa.Text(), nullable=False),
    sa.Column('body_hash', sa.LargeBinary(), nullable=False),
    sa.Column('content_type', sa.Text(), server_default=sa.text("'text/plain'"), nullable=False),
    sa.Column('flags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sender_hash', sa.LargeBinary(), nullable=True),
    sa.Column('body_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('sender_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('meta_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('geom_exact_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('geom_shown', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('read_state', sa.Text(), server_default=sa.text("'pending'"), nullable=False),
    sa.Column('read_attempts', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_error', sa.Text(), nullable=True),
    sa.Column('sealing_key_id', sa.Text(), nullable=True),
    sa.Column('data_key_wrapped', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint("channel IN ('sms', 'api', 'form', 'import', 'feed', 'hotline')", name=op.f('ck_reports_channel')),
    sa.CheckConstraint("read_state IN ('pending', 'read', 'failed')", name=op.f('ck_reports_read_state')),
    sa.CheckConstraint('geom_shown IS NULL OR (ST_XMin(geom_shown) >= -180 AND ST_XMax(geom_shown) <= 180 AND ST_YMin(geom_shown) >= -90 AND ST_YMax(geom_shown) <= 90)', name=op.f('ck_reports_geom_on_earth')),
    sa.CheckConstraint('octet_length(body_hash) = 32', name=op.f('ck_reports_body_hash')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_reports_emergency_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reports')),
    sa.UniqueConstraint('receipt', name=op.f('uq_reports_receipt')),
    sa.UniqueConstraint('source', 'source_key', 'body_hash', name=op.f('uq_reports_source_source_key_body_hash'))
    )
    op.create_geospatial_index('idx_reports_geom_shown', 'reports', ['geom_shown'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_index('ix_reports_emergency_received', 'reports', ['emergency_id', 'received_at'], unique=False)
    op.create_index('ix_reports_flagged', 'reports', ['received_at'], unique=False, postgresql_where=sa.text("flags <> '{}' OR read_state = 'failed'"))
    op.create_index('ix_reports_pending', 'reports', ['received_at'], unique=False, postgresql_where=sa.text("read_state = 'pending'"))
    op.create_index(op.f('ix_reports_sender_hash'), 'reports', ['sender_hash'], unique=False)
    op.create_index('ix_reports_triage', 'reports', ['received_at'], unique=False, postgresql_where=sa.text('emergency_id IS NULL'))
    op.create_table('sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_sessions_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sessions')),
    sa.UniqueConstraint('hash', name=op.f('uq_sessions_hash'))
    )
    op.create_index(op.f('ix_sessions_account_id'), 'sessions', ['account_id'], unique=False)
    op.create_table('set_aside',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('source_key', sa.Text(), nullable=False),
    sa.Column('row_number', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('payload_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resolved_by', sa.Uuid(), nullable=True),
    sa.Column('sealing_key_id', sa.Text(), nullable=True),
    sa.Column('data_key_wrapped', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['resolved_by'], ['accounts.id'], name=op.f('fk_set_aside_resolved_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_set_aside')),
    sa.UniqueConstraint('source', 'source_key', name=op.f('uq_set_aside_source_source_key'))
    )
    op.create_index('ix_set_aside_open', 'set_aside', ['created_at'], unique=False, postgresql_where=sa.text('resolved_at IS NULL'))
    op.create_table('attachments',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('report_id', sa.Uuid(), nullable=True),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('instance_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False),
    sa.Column('content_type', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('file_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('sealing_key_id', sa.Text(), nullable=True),
    sa.Column('data_key_wrapped', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['report_id'], ['reports.id'], name=op.f('fk_attachments_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachments')),
    sa.UniqueConstraint('source', 'instance_id', 'name', 'sha256', name=op.f('uq_attachments_source_instance_id_name_sha256'))
    )
    op.create_index(op.f('ix_attachments_report_id'), 'attachments', ['report_id'], unique=False)
    op.create_geospatial_table('closures',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=False),
    sa.Column('incident_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), server_default=sa.text("'active'"), nullable=False),
    sa.Column('verification', sa.Text(), server_default=sa.text("'unverified'"), nullable=False),
    sa.Column('geom', Geometry(srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('valid_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("kind IN ('road', 'bridge', 'area')", name=op.f('ck_closures_kind')),
    sa.CheckConstraint("status IN ('active', 'lifted')", name=op.f('ck_closures_status')),
    sa.CheckConstraint("verification IN ('unverified', 'likely', 'confirmed', 'refuted')", name=op.f('ck_closures_verification')),
    sa.CheckConstraint('geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)', name=op.f('ck_closures_geom_on_earth')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_closures_emergency_id')),
    sa.ForeignKeyConstraint(['incident_id'], ['incidents.id'], name=op.f('fk_closures_incident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_closures')),
    sa.UniqueConstraint('code', name=op.f('uq_closures_code')),
    sa.UniqueConstraint('incident_id', name=op.f('uq_closures_incident_id'))
    )
    op.create_geospatial_index('idx_closures_geom', 'closures', ['geom'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_index(op.f('ix_closures_emergency_id'), 'closures', ['emergency_id'], unique=False)
    op.create_geospatial_table('needs',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=False),
    sa.Column('incident_id', sa.Uuid(), nullable=True),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), server_default=sa.text("'open'"), nullable=False),
    sa.Column('verification', sa.Text(), server_default=sa.text("'unverified'"), nullable=False),
    sa.Column('urgency', sa.Text(), server_default=sa.text("'normal'"), nullable=False),
    sa.Column('quantity', sa.Numeric(), nullable=True),
    sa.Column('unit', sa.Text(), nullable=True),
    sa.Column('people', sa.BigInteger(), nullable=True),
    sa.Column('households', sa.BigInteger(), nullable=True),
    sa.Column('vulnerable', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('corroboration', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('priority', sa.Double(), server_default=sa.text('0'), nullable=False),
    sa.Column('priority_why', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('place_id', sa.Uuid(), nullable=True),
    sa.Column('geom_shown', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('geom_exact_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('accuracy_m', sa.Double(), nullable=True),
    sa.Column('first_reported_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('last_reported_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('sealing_key_id', sa.Text(), nullable=True),
    sa.Column('data_key_wrapped', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint("status IN ('open', 'tasked', 'met', 'closed')", name=op.f('ck_needs_status')),
    sa.CheckConstraint("urgency IN ('life', 'high', 'normal', 'none')", name=op.f('ck_needs_urgency')),
    sa.CheckConstraint("verification IN ('unverified', 'likely', 'confirmed', 'refuted')", name=op.f('ck_needs_verification')),
    sa.CheckConstraint('accuracy_m >= 0', name=op.f('ck_needs_accuracy')),
    sa.CheckConstraint('corroboration >= 0', name=op.f('ck_needs_corroboration')),
    sa.CheckConstraint('geom_shown IS NULL OR (ST_XMin(geom_shown) >= -180 AND ST_XMax(geom_shown) <= 180 AND ST_YMin(geom_shown) >= -90 AND ST_YMax(geom_shown) <= 90)', name=op.f('ck_needs_geom_on_earth')),
    sa.CheckConstraint('households >= 0', name=op.f('ck_needs_households')),
    sa.CheckConstraint('people >= 0', name=op.f('ck_needs_people')),
    sa.CheckConstraint('quantity >= 0 AND quantity < 1e9', name=op.f('ck_needs_quantity')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_needs_emergency_id')),
    sa.ForeignKeyConstraint(['incident_id'], ['incidents.id'], name=op.f('fk_needs_incident_id')),
    sa.ForeignKeyConstraint(['place_id'], ['places.id'], name=op.f('fk_needs_place_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_needs')),
    sa.UniqueConstraint('code', name=op.f('uq_needs_code'))
    )
    op.create_geospatial_index('idx_needs_geom_shown', 'needs', ['geom_shown'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_index('ix_needs_emergency_updated', 'needs', ['emergency_id', 'updated_at', 'id'], unique=False)
    op.create_index(op.f('ix_needs_incident_id'), 'needs', ['incident_id'], unique=False)
    op.create_index('ix_needs_join', 'needs', ['emergency_id', 'category', 'last_reported_at'], unique=False, postgresql_where=sa.text("status IN ('open', 'tasked')"))
    op.create_table('queues',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=False),
    sa.Column('centre_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['centre_id'], ['centres.id'], name=op.f('fk_queues_centre_id')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_queues_emergency_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_queues')),
    sa.UniqueConstraint('emergency_id', 'centre_id', 'kind', name=op.f('uq_queues_emergency_id_centre_id_kind'))
    )
    op.create_index(op.f('ix_queues_centre_id'), 'queues', ['centre_id'], unique=False)
    op.create_table('readings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('report_id', sa.Uuid(), nullable=False),
    sa.Column('rules_version', sa.Text(), nullable=False),
    sa.Column('current', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('reading', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['reports.id'], name=op.f('fk_readings_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_readings'))
    )
    op.create_index('ix_readings_report_id', 'readings', ['report_id'], unique=False)
    op.create_index('uq_readings_current', 'readings', ['report_id'], unique=True, postgresql_where=sa.text('current'))
    op.create_table('volunteers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('centre_id', sa.Uuid(), nullable=False),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_hash', sa.LargeBinary(), nullable=True),
    sa.Column('skills', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('languages', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('gender', sa.Text(), nullable=True),
    sa.Column('vehicle', sa.Text(), nullable=True),
    sa.Column('capacity_kg', sa.Double(), nullable=True),
    sa.Column('status', sa.Text(), server_default=sa.text("'active'"), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('sealing_key_id', sa.Text(), nullable=True),
    sa.Column('data_key_wrapped', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint("gender IN ('woman', 'man')", name=op.f('ck_volunteers_gender')),
    sa.CheckConstraint("status IN ('active', 'resting', 'away', 'inactive')", name=op.f('ck_volunteers_status')),
    sa.CheckConstraint('capacity_kg >= 0', name=op.f('ck_volunteers_capacity')),
    sa.ForeignKeyConstraint(['centre_id'], ['centres.id'], name=op.f('fk_volunteers_centre_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_volunteers')),
    sa.UniqueConstraint('code', name=op.f('uq_volunteers_code')),
    sa.UniqueConstraint('phone_hash', name=op.f('uq_volunteers_phone_hash'))
    )
    op.create_index(op.f('ix_volunteers_centre_id'), 'volunteers', ['centre_id'], unique=False)
    op.create_table('grants',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('centre_id', sa.Uuid(), nullable=True),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('volunteer_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("role IN ('gateway', 'volunteer', 'field', 'dispatcher', 'coordinator', 'donor', 'auditor', 'admin')", name=op.f('ck_grants_role')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_grants_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['centre_id'], ['centres.id'], name=op.f('fk_grants_centre_id')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_grants_emergency_id')),
    sa.ForeignKeyConstraint(['volunteer_id'], ['volunteers.id'], name=op.f('fk_grants_volunteer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grants'))
    )
    op.create_index('uq_grants_account_role_scope', 'grants', ['account_id', 'role', 'centre_id', 'emergency_id'], unique=True, postgresql_nulls_not_distinct=True)
    op.create_table('invites',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('centre_id', sa.Uuid(), nullable=True),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('volunteer_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('used_by', sa.Uuid(), nullable=True),
    sa.CheckConstraint("role IN ('gateway', 'volunteer', 'field', 'dispatcher', 'coordinator', 'donor', 'auditor', 'admin')", name=op.f('ck_invites_role')),
    sa.ForeignKeyConstraint(['centre_id'], ['centres.id'], name=op.f('fk_invites_centre_id')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_invites_emergency_id')),
    sa.ForeignKeyConstraint(['used_by'], ['accounts.id'], name=op.f('fk_invites_used_by')),
    sa.ForeignKeyConstraint(['volunteer_id'], ['volunteers.id'], name=op.f('fk_invites_volunteer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invites')),
    sa.UniqueConstraint('hash', name=op.f('uq_invites_hash'))
    )


def downgrade() -> None:
    """Down."""
    op.drop_table('invites')
    op.drop_index('uq_grants_account_role_scope', table_name='grants', postgresql_nulls_not_distinct=True)
    op.drop_table('grants')
    op.drop_index(op.f('ix_volunteers_centre_id'), table_name='volunteers')
    op.drop_table('volunteers')
    op.drop_index('uq_readings_current', table_name='readings', postgresql_where=sa.text('current'))
    op.drop_index('ix_readings_report_id', table_name='readings')
    op.drop_table('readings')
    op.drop_index(op.f('ix_queues_centre_id'), table_name='queues')
    op.drop_table('queues')
    op.drop_index('ix_needs_join', table_name='needs', postgresql_where=sa.text("status IN ('open', 'tasked')"))
    op.drop_index(op.f('ix_needs_incident_id'), table_name='needs')
    op.drop_index('ix_needs_emergency_updated', table_name='needs')
    op.drop_geospatial_index('idx_needs_geom_shown', table_name='needs', postgresql_using='gist', column_name='geom_shown')
    op.drop_geospatial_table('needs')
    op.drop_index(op.f('ix_closures_emergency_id'), table_name='closures')
    op.drop_geospatial_index('idx_closures_geom', table_name='closures', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('closures')
    op.drop_index(op.f('ix_attachments_report_id'), table_name='attachments')
    op.drop_table('attachments')
    op.drop_index('ix_set_aside_open', table_name='set_aside', postgresql_where=sa.text('resolved_at IS NULL'))
    op.drop_table('set_aside')
    op.drop_index(op.f('ix_sessions_account_id'), table_name='sessions')
    op.drop_table('sessions')
    op.drop_index('ix_reports_triage', table_name='reports', postgresql_where=sa.text('emergency_id IS NULL'))
    op.drop_index(op.f('ix_reports_sender_hash'), table_name='reports')
    op.drop_index('ix_reports_pending', table_name='reports', postgresql_where=sa.text("read_state = 'pending'"))
    op.drop_index('ix_reports_flagged', table_name='reports', postgresql_where=sa.text("flags <> '{}' OR read_state = 'failed'"))
    op.drop_index('ix_reports_emergency_received', table_name='reports')
    op.drop_geospatial_index('idx_reports_geom_shown', table_name='reports', postgresql_using='gist', column_name='geom_shown')
    op.drop_geospatial_table('reports')
