#!/bin/sh
# Runs a command with a throw-away PostgreSQL:
#
#     tests/cloud/with_postgres.sh COMMAND...
#
# The server lives in a temporary folder, listens on a Unix socket there and on
# no port, and is gone afterwards. COMMAND finds it in LIBRETTO_TEST_POSTGRES.
# PostgreSQL refuses to run as root: then the user postgres runs it.
set -eu

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$bin" ]; then
  echo "with_postgres.sh: there is no PostgreSQL here; try:" \
    "apt-get install postgresql" >&2
  exit 1
fi

folder=$(mktemp -d /tmp/libretto-pg-XXXXXX)
as_owner=""
if [ "$(id -u)" -eq 0 ]; then
  as_owner="runuser -u postgres --"
  chown postgres "$folder"
fi

# Words of their own: the folder's name has no spaces.
on_database() { (cd / && $as_owner "$@"); }

finish() {
  on_database "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if ! {
  on_database "$bin/initdb" -D "$folder/data" -U libretto -A trust \
    -E UTF8 --locale=C.UTF-8 --no-sync &&
    on_database "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -s -w \
      -o "-c listen_addresses= -k $folder -c fsync=off" start &&
    on_database "$bin/createdb" -h "$folder" -U libretto libretto
} >"$folder.out" 2>&1; then
  cat "$folder.out" >&2
  rm -f "$folder.out"
  exit 1
fi
rm -f "$folder.out"
# The command may run as another user than the server.
chmod 755 "$folder"

LIBRETTO_TEST_POSTGRES="postgresql://libretto@/libretto?host=$folder&options=-cclient_min_messages%3Dwarning" "$@"
