#!/usr/bin/env bash
# Finds a PostgreSQL for the tests of the store; as root on Debian or Ubuntu it installs the package where there is none.
# Never with sudo: whoever is no root is told what to do, and the tests are listed as not run.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
found() {
  command -v initdb >/dev/null 2>&1 && initdb --version >/dev/null 2>&1 && return
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || compgen -G '/usr/pgsql-*/bin/initdb' >/dev/null ||
    compgen -G '/opt/homebrew/opt/postgresql@*/bin/initdb' >/dev/null || compgen -G '/usr/local/opt/postgresql@*/bin/initdb' >/dev/null
}

if found; then exit 0; fi
if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null 2>&1; then
  say "There is no PostgreSQL here: the tests that need one are listed as not run."
  say "Install one (Debian, Ubuntu: sudo apt-get install postgresql; macOS: brew install postgresql@16)."
  exit 1
fi

say "installing PostgreSQL for the tests of the store"
# Tests start servers of their own: the package need not make one that runs on this machine from now on.
if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
  mkdir -p /etc/postgresql-common
  echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if { timeout 120 apt-get update -qq && timeout 300 apt-get install -y -qq --no-install-recommends \
  -o Dpkg::Options::=--force-confold postgresql; } >"$log" 2>&1 && found; then
  exit 0
fi
say "PostgreSQL could not be installed; the tests that need it are listed as not run. apt-get said:"
tail -5 "$log" >&2
exit 1
