#!/usr/bin/env bash
# Makes the environment that every task of the Makefile uses, from nothing but a Python: bootstrap.sh FOLDER
# The second run compares one hash and is done. Nothing is installed outside the repository, except that root on
# Debian gets python3-venv where it is missing and no uv is there.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}

say() { printf '%s\n' "$*" >&2; }
stop() {
  say "skewguard cannot set itself up: $1"
  say "$2"
  exit 2
}

# The newest suitable Python first; a name on PATH is not enough (version managers leave names that run nothing).
find_python() {
  local name
  for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      "$name" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  stop "no Python 3.11 or newer was found on PATH." \
    "Install one (Debian 12, Ubuntu 24.04: apt-get install python3; macOS: brew install python@3.13) or name it: PYTHON=/path/to/python3 make test"
}

# uv from PATH, else one of our own, pinned by hash, in .venv-uv.
find_uv() {
  if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
    command -v uv
    return
  fi
  local home=.venv-uv
  if [[ ! -x $home/bin/uv ]]; then
    say "uv is not on PATH: putting it into $home"
    make_private_environment "$1" "$home"
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt >&2 ||
      stop "pip could not install uv." "Is the package index reachable? A mirror is set with PIP_INDEX_URL, a certificate with PIP_CERT."
  fi
  printf '%s\n' "$PWD/$home/bin/uv"
}

make_private_environment() {
  rm -rf "$2"
  if "$1" -m venv "$2" >/dev/null 2>&1; then
    return
  fi
  rm -rf "$2"
  if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null 2>&1; then
    say "Python's venv module is incomplete: installing python3-venv"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >/dev/null 2>&1 || true
    if "$1" -m venv "$2" >/dev/null 2>&1; then
      return
    fi
  fi
  rm -rf "$2"
  stop "$1 cannot make a virtual environment, and uv is not on PATH." \
    "Either of these helps: sudo apt-get install python3-venv   or   pipx install uv"
}

install_everything() {
  local python uv
  python=$(find_python)
  uv=$(find_uv "$python")
  say "setting up $venv with $("$python" --version) and $("$uv" --version | cut -d' ' -f1-2)"
  rm -rf "$venv"
  "$uv" venv --quiet --python "$python" "$venv"
  "$uv" pip sync --quiet --python "$venv/bin/python" --require-hashes --compile-bytecode requirements/dev.txt ||
    stop "the packages of requirements/dev.txt could not be installed." \
      "Is the package index reachable? A mirror is set with UV_DEFAULT_INDEX, certificates with SSL_CERT_FILE."
  "$uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --offline --editable .
  "$venv/bin/python" -m compileall -q src
  printf '%s\n' "$wanted" >"$venv/ready"
}

export UV_PYTHON_DOWNLOADS=never
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH
# Behind a company's certificate the system trusts it, and uv's own list does not.
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}
# uv does not read pip's variables; who set a mirror or a certificate for pip means it for both.
if [[ -n ${PIP_INDEX_URL:-} ]]; then export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}; fi
if [[ -n ${PIP_CERT:-} ]]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}; fi
# What the environment was made from; it is made anew when one of these changes or the repository has moved.
wanted=$(cat requirements/dev.txt pyproject.toml scripts/bootstrap.sh <(pwd) | cksum)
is_ready() { [[ -x $venv/bin/python && -f $venv/ready && $(<"$venv/ready") == "$wanted" ]]; }

# Two tasks may be started at once in a fresh clone: the second waits for the first, and finds its work done. The lock is
# a folder, which is made by one alone on every system; it names its owner, so that one that died does not lock for ever.
lock() {
  local home=$venv.lock owner
  until mkdir "$home" 2>/dev/null; do
    owner=$(cat "$home/owner" 2>/dev/null || true)
    if [[ -n $owner ]] && ! kill -0 "$owner" 2>/dev/null; then
      rm -rf "$home"
      continue
    fi
    sleep 0.2
  done
  printf '%s\n' "$$" >"$home/owner"
  trap 'rm -rf "$venv.lock"' EXIT
}

if is_ready; then exit 0; fi
lock
if is_ready; then exit 0; fi
install_everything
