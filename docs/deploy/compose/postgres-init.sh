#!/bin/bash
# Runs once, when the cluster is made: the product's role, which may create databases and is no superuser, and the control database.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres -v password="$(cat /run/secrets/postgres_vigie)" <<'SQL'
CREATE ROLE vigie LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE vigie_control OWNER vigie ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE postgres, vigie_control FROM PUBLIC;
SQL
