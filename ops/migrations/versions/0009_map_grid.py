"""The map's grid: cells in exact degrees, counted whole and by category and status; both tables are rebuildable."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LAYERS = "'incidents', 'needs', 'tasks', 'reports', 'closures', 'centres', 'movements'"
ON_EARTH = (
    "geom IS NULL OR (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)"
)
EDGES = f"""
  CONSTRAINT pk_map_features PRIMARY KEY (layer, id),
  CONSTRAINT ck_map_features_layer CHECK (layer IN ({LAYERS})),
  CONSTRAINT ck_map_features_geom_on_earth CHECK ({ON_EARTH})
"""
# 131072 = 2^17, the finest zoom. The subtraction rounds, the edges do not: so the edges have the last word.
INDEX = """
CREATE FUNCTION map_cell_index(value double precision, start double precision) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN value < i * (360.0::float8 / 131072) + start THEN i - 1
              WHEN value >= (i + 1) * (360.0::float8 / 131072) + start THEN i + 1 ELSE i END
  FROM (SELECT floor((value - start) / (360.0::float8 / 131072))::integer AS i) AS found
$$
"""
FEATURES = f"""
CREATE TABLE map_features (
  layer text NOT NULL, id uuid NOT NULL,
  emergency_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000', centre_id uuid,
  category text NOT NULL, status text NOT NULL, urgency text NOT NULL DEFAULT 'none', seen_at timestamptz NOT NULL,
  lon double precision NOT NULL, lat double precision NOT NULL, gx integer NOT NULL, gy integer NOT NULL,
  geom geometry(Point, 4326) NOT NULL, props jsonb NOT NULL DEFAULT '{{}}', {EDGES}
)
"""
CELLS = """
CREATE TABLE map_cells (
  layer text NOT NULL, emergency_id uuid NOT NULL, detail boolean NOT NULL, zoom smallint NOT NULL,
  x integer NOT NULL, y integer NOT NULL, category text NOT NULL, status text NOT NULL,
  n integer NOT NULL, n_life integer NOT NULL DEFAULT 0, sum_lon_e6 bigint NOT NULL, sum_lat_e6 bigint NOT NULL,
  CONSTRAINT pk_map_cells PRIMARY KEY (layer, emergency_id, detail, zoom, x, y, category, status),
  CONSTRAINT ck_map_cells_n CHECK (n >= 0 AND n_life >= 0)
)
"""
OLD_FEATURES = f"""
CREATE TABLE map_features (
  layer text NOT NULL, id uuid NOT NULL, emergency_id uuid, centre_id uuid,
  category text NOT NULL, status text NOT NULL, urgency text NOT NULL DEFAULT 'none', seen_at timestamptz NOT NULL,
  lon double precision NOT NULL, lat double precision NOT NULL,
  geom geometry(Point, 4326) NOT NULL, props jsonb NOT NULL DEFAULT '{{}}', {EDGES}
)
"""
OLD_CELLS = """
CREATE TABLE map_cells (
  id bigserial CONSTRAINT pk_map_cells PRIMARY KEY,
  layer text NOT NULL, emergency_id uuid, zoom smallint NOT NULL, x bigint NOT NULL, y bigint NOT NULL,
  category text NOT NULL, status text NOT NULL, n bigint NOT NULL, n_life bigint NOT NULL DEFAULT 0,
  sum_lon double precision NOT NULL, sum_lat double precision NOT NULL, CONSTRAINT ck_map_cells_n CHECK (n >= 0)
)
"""


def _indexes() -> None:
    op.execute("CREATE INDEX idx_map_features_geom ON map_features USING gist (geom)")
    op.execute("CREATE INDEX ix_map_features_emergency_layer_seen ON map_features (emergency_id, layer, seen_at)")
    op.execute("CREATE INDEX ix_map_features_layer_xy ON map_features (layer, emergency_id, lon, lat)")


def upgrade() -> None:
    """Up."""
    op.execute("DROP TABLE map_features")
    op.execute("DROP TABLE map_cells")
    op.execute(INDEX)
    op.execute(FEATURES)
    op.execute(CELLS)
    _indexes()
    op.execute("CREATE INDEX ix_map_features_layer_yx ON map_features (layer, emergency_id, lat, lon)")


def downgrade() -> None:
    """Down."""
    op.execute("DROP TABLE map_features")
    op.execute("DROP TABLE map_cells")
    op.execute("DROP FUNCTION map_cell_index(double precision, double precision)")
    op.execute(OLD_FEATURES)
    op.execute(OLD_CELLS)
    _indexes()
    op.execute("CREATE INDEX ix_map_cells_area ON map_cells (layer, emergency_id, zoom, x, y)")
    op.execute(
        "CREATE UNIQUE INDEX uq_map_cells ON map_cells (layer, emergency_id, zoom, x, y, category, status)"
        " NULLS NOT DISTINCT"
    )
