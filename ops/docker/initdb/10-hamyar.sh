#!/bin/sh
# Runs once, when the database's volume is empty: the role that owns the tables is no superuser.
set -eu
password=$(cat "$HAMYAR_PASSWORD_FILE")
psql --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname hamyar --set=password="$password" <<'SQL'
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS pgrouting;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE ROLE hamyar LOGIN NOSUPERUSER CREATEDB PASSWORD :'password';
ALTER DATABASE hamyar OWNER TO hamyar;
ALTER SCHEMA public OWNER TO hamyar;
SQL
