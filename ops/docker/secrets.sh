#!/bin/sh
# Makes the passwords that docker-compose.yml hands to its containers; those that exist are kept.
set -eu
cd "$(dirname "$0")/../.."
umask 077
mkdir -p var/secrets
for name in postgres_password hamyar_password; do
  [ -s "var/secrets/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"var/secrets/$name"
done
printf 'postgres:5432:*:hamyar:%s\n' "$(cat var/secrets/hamyar_password)" >var/secrets/pgpass
# Each is readable in its container by the user that needs it (10001 ours, 999 the PostgreSQL image's) and by nobody
# else: libpq refuses a pgpass that others can read. Without root the ids are the operator's to arrange.
if [ "$(id -u)" = 0 ]; then
  chown 10001 var/secrets/pgpass
  chown 999 var/secrets/postgres_password var/secrets/hamyar_password
fi
echo "var/secrets: postgres_password hamyar_password pgpass" >&2
