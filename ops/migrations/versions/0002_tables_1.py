"""Tables, part 1 of 3: accounts, emergencies, events, events_unsealed, forms, idempotent_answers, items, map_cells, map_features, places, centres, incidents, place_names."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_table('accounts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('handle', sa.Text(), nullable=False),
    sa.Column('passphrase_hash', sa.Text(), nullable=True),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('language', sa.Text(), server_default=sa.text("'fa'"), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('sealing_key_id', sa.Text(), nullable=True),
    sa.Column('data_key_wrapped', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint('length(handle) BETWEEN 2 AND 60', name=op.f('ck_accounts_handle_length')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts'))
    )
    op.create_index('uq_accounts_handle', 'accounts', [sa.literal_column('lower(handle)')], unique=True)
    op.create_geospatial_table('emergencies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name_fa', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), server_default=sa.text("'open'"), nullable=False),
    sa.Column('drill', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('country', sa.Text(), server_default=sa.text("'IR'"), nullable=False),
    sa.Column('area', Geometry(srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("kind IN ('flood', 'earthquake', 'other')", name=op.f('ck_emergencies_kind')),
    sa.CheckConstraint("status IN ('open', 'closed')", name=op.f('ck_emergencies_status')),
    sa.CheckConstraint('area IS NULL OR (ST_XMin(area) >= -180 AND ST_XMax(area) <= 180 AND ST_YMin(area) >= -90 AND ST_YMax(area) <= 90)', name=op.f('ck_emergencies_area_on_earth')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_emergencies')),
    sa.UniqueConstraint('code', name=op.f('uq_emergencies_code'))
    )
    op.create_geospatial_index('idx_emergencies_area', 'emergencies', ['area'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_table('events',
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sealed_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('verb', sa.Text(), nullable=False),
    sa.Column('subject_type', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('centre_id', sa.Uuid(), nullable=True),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('octet_length(hash) = 32', name=op.f('ck_events_hash')),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_events'))
    )
    op.create_index('ix_events_subject', 'events', ['subject_id', 'seq'], unique=False)
    op.create_table('events_unsealed',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('verb', sa.Text(), nullable=False),
    sa.Column('subject_type', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('centre_id', sa.Uuid(), nullable=True),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_events_unsealed'))
    )
    op.create_table('forms',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('form_id', sa.Text(), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('title', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('xml', sa.LargeBinary(), nullable=False),
    sa.Column('md5', sa.Text(), nullable=False),
    sa.Column('source', sa.LargeBinary(), nullable=True),
    sa.Column('bindings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.Text(), server_default=sa.text("'published'"), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("state IN ('draft', 'published', 'archived')", name=op.f('ck_forms_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_forms')),
    sa.UniqueConstraint('form_id', 'version', name=op.f('uq_forms_form_id_version'))
    )
    op.create_index('uq_forms_published', 'forms', ['form_id'], unique=True, postgresql_where=sa.text("state = 'published'"))
    op.create_table('idempotent_answers',
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('request_hash', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.BigInteger(), nullable=False),
    sa.Column('answer', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('scope', 'key', name=op.f('pk_idempotent_answers'))
    )
    op.create_index(op.f('ix_idempotent_answers_created_at'), 'idempotent_answers', ['created_at'], unique=False)
    op.create_table('items',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name_fa', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_items')),
    sa.UniqueConstraint('code', name=op.f('uq_items_code'))
    )
    op.create_index(op.f('ix_items_category'), 'items', ['category'], unique=False)
    op.create_table('map_cells',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('layer', sa.Text(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('zoom', sa.SmallInteger(), nullable=False),
    sa.Column('x', sa.BigInteger(), nullable=False),
    sa.Column('y', sa.BigInteger(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.Column('n_life', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('sum_lon', sa.Double(), nullable=False),
    sa.Column('sum_lat', sa.Double(), nullable=False),
    sa.CheckConstraint('n >= 0', name=op.f('ck_map_cells_n')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_map_cells'))
    )
    op.create_index('ix_map_cells_area', 'map_cells', ['layer', 'emergency_id', 'zoom', 'x', 'y'], unique=False)
    op.create_index('uq_map_cells', 'map_cells', ['layer', 'emergency_id', 'zoom', 'x', 'y', 'category', 'status'], unique=True, postgresql_nulls_not_distinct=True)
    op.create_geospatial_table('map_features',
    sa.Column('layer', sa.Text(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=True),
    sa.Column('centre_id', sa.Uuid(), nullable=True),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('urgency', sa.Text(), server_default=sa.text("'none'"), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lon', sa.Double(), nullable=False),
    sa.Column('lat', sa.Double(), nullable=False),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('props', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.CheckConstraint("layer IN ('incidents', 'needs', 'tasks', 'reports', 'closures', 'centres', 'movements')", name=op.f('ck_map_features_layer')),
    sa.CheckConstraint('geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)', name=op.f('ck_map_features_geom_on_earth')),
    sa.PrimaryKeyConstraint('layer', 'id', name=op.f('pk_map_features'))
    )
    op.create_geospatial_index('idx_map_features_geom', 'map_features', ['geom'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_index('ix_map_features_emergency_layer_seen', 'map_features', ['emergency_id', 'layer', 'seen_at'], unique=False)
    op.create_index('ix_map_features_layer_xy', 'map_features', ['layer', 'emergency_id', 'lon', 'lat'], unique=False)
    op.create_geospatial_table('places',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('source_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name_fa', sa.Text(), nullable=True),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('admin1_code', sa.Text(), nullable=True),
    sa.Column('province_fa', sa.Text(), nullable=True),
    sa.Column('province_en', sa.Text(), nullable=True),
    sa.Column('population', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('accuracy_m', sa.Double(), nullable=False),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('area', Geometry(srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("kind IN ('village', 'town', 'city', 'county', 'province', 'shelter', 'warehouse', 'hospital', 'assembly_point', 'other')", name=op.f('ck_places_kind')),
    sa.CheckConstraint('accuracy_m > 0', name=op.f('ck_places_accuracy')),
    sa.CheckConstraint('area IS NULL OR (ST_XMin(area) >= -180 AND ST_XMax(area) <= 180 AND ST_YMin(area) >= -90 AND ST_YMax(area) <= 90)', name=op.f('ck_places_area_on_earth')),
    sa.CheckConstraint('geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)', name=op.f('ck_places_geom_on_earth')),
    sa.CheckConstraint('population >= 0', name=op.f('ck_places_population')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_places')),
    sa.UniqueConstraint('source', 'source_id', name=op.f('uq_places_source_source_id'))
    )
    op.create_geospatial_index('idx_places_area', 'places', ['area'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_geospatial_index('idx_places_geom', 'places', ['geom'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_index(op.f('ix_places_population'), 'places', ['population'], unique=False)
    op.create_geospatial_table('centres',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name_fa', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('place_id', sa.Uuid(), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint('geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)', name=op.f('ck_centres_geom_on_earth')),
    sa.ForeignKeyConstraint(['place_id'], ['places.id'], name=op.f('fk_centres_place_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_centres')),
    sa.UniqueConstraint('code', name=op.f('uq_centres_code'))
    )
    op.create_geospatial_index('idx_centres_geom', 'centres', ['geom'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_geospatial_table('incidents',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('emergency_id', sa.Uuid(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), server_default=sa.text("'open'"), nullable=False),
    sa.Column('verification', sa.Text(), server_default=sa.text("'unverified'"), nullable=False),
    sa.Column('urgency', sa.Text(), server_default=sa.text("'normal'"), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=True),
    sa.Column('corroboration', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('place_id', sa.Uuid(), nullable=True),
    sa.Column('geom', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('accuracy_m', sa.Double(), nullable=True),
    sa.Column('first_reported_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('last_reported_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("status IN ('open', 'resolved')", name=op.f('ck_incidents_status')),
    sa.CheckConstraint("urgency IN ('life', 'high', 'normal', 'none')", name=op.f('ck_incidents_urgency')),
    sa.CheckConstraint("verification IN ('unverified', 'likely', 'confirmed', 'refuted')", name=op.f('ck_incidents_verification')),
    sa.CheckConstraint('accuracy_m >= 0', name=op.f('ck_incidents_accuracy')),
    sa.CheckConstraint('corroboration >= 0', name=op.f('ck_incidents_corroboration')),
    sa.CheckConstraint('geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)', name=op.f('ck_incidents_geom_on_earth')),
    sa.CheckConstraint('people >= 0', name=op.f('ck_incidents_people')),
    sa.ForeignKeyConstraint(['emergency_id'], ['emergencies.id'], name=op.f('fk_incidents_emergency_id')),
    sa.ForeignKeyConstraint(['place_id'], ['places.id'], name=op.f('fk_incidents_place_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incidents')),
    sa.UniqueConstraint('code', name=op.f('uq_incidents_code'))
    )
    op.create_geospatial_index('idx_incidents_geom', 'incidents', ['geom'], unique=False, postgresql_using='gist', postgresql_ops={})
    op.create_index('ix_incidents_emergency_updated', 'incidents', ['emergency_id', 'updated_at', 'id'], unique=False)
    op.create_index('ix_incidents_join', 'incidents', ['emergency_id', 'category', 'last_reported_at'], unique=False, postgresql_where=sa.text("status = 'open'"))
    op.create_table('place_names',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('place_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('squashed', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['place_id'], ['places.id'], name=op.f('fk_place_names_place_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_place_names')),
    sa.UniqueConstraint('place_id', 'name', name=op.f('uq_place_names_place_id_name'))
    )
    op.create_index('ix_place_names_key_trgm', 'place_names', ['key'], unique=False, postgresql_using='gin', postgresql_ops={'key': 'gin_trgm_ops'})
    op.create_index(op.f('ix_place_names_squashed'), 'place_names', ['squashed'], unique=False)
    op.create_index('ix_place_names_squashed_trgm', 'place_names', ['squashed'], unique=False, postgresql_using='gin', postgresql_ops={'squashed': 'gin_trgm_ops'})


def downgrade() -> None:
    """Down."""
    op.drop_index('ix_place_names_squashed_trgm', table_name='place_names', postgresql_using='gin', postgresql_ops={'squashed': 'gin_trgm_ops'})
    op.drop_index(op.f('ix_place_names_squashed'), table_name='place_names')
    op.drop_index('ix_place_names_key_trgm', table_name='place_names', postgresql_using='gin', postgresql_ops={'key': 'gin_trgm_ops'})
    op.drop_table('place_names')
    op.drop_index('ix_incidents_join', table_name='incidents', postgresql_where=sa.text("status = 'open'"))
    op.drop_index('ix_incidents_emergency_updated', table_name='incidents')
    op.drop_geospatial_index('idx_incidents_geom', table_name='incidents', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('incidents')
    op.drop_geospatial_index('idx_centres_geom', table_name='centres', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('centres')
    op.drop_index(op.f('ix_places_population'), table_name='places')
    op.drop_geospatial_index('idx_places_geom', table_name='places', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_index('idx_places_area', table_name='places', postgresql_using='gist', column_name='area')
    op.drop_geospatial_table('places')
    op.drop_index('ix_map_features_layer_xy', table_name='map_features')
    op.drop_index('ix_map_features_emergency_layer_seen', table_name='map_features')
    op.drop_geospatial_index('idx_map_features_geom', table_name='map_features', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('map_features')
    op.drop_index('uq_map_cells', table_name='map_cells', postgresql_nulls_not_distinct=True)
    op.drop_index('ix_map_cells_area', table_name='map_cells')
    op.drop_table('map_cells')
    op.drop_index(op.f('ix_items_category'), table_name='items')
    op.drop_table('items')
    op.drop_index(op.f('ix_idempotent_answers_created_at'), table_name='idempotent_answers')
    op.drop_table('idempotent_answers')
    op.drop_index('uq_forms_published', table_name='forms', postgresql_where=sa.text("state = 'published'"))
    op.drop_table('forms')
    op.drop_table('events_unsealed')
    op.drop_index('ix_events_subject', table_name='events')
    op.drop_table('events')
    op.drop_geospatial_index('idx_emergencies_area', table_name='emergencies', postgresql_using='gist', column_name='area')
    op.drop_geospatial_table('emergencies')
    op.drop_index('uq_accounts_handle', table_name='accounts')
    op.drop_table('accounts')
