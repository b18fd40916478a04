#!/usr/bin/env bash
# Shows what skewguard says about manifests that are skewed on purpose: demo.sh VENV
# A finding makes `check` exit with 1; that is what the demo shows, so the demo itself exits with 0.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/$1/bin:$PATH

show() {
  printf '\n$ %s\n' "$*"
  local code=0
  "$@" || code=$?
  printf '\n[exit code %s]\n' "$code"
  # 0: fine, 1: found something, 3: cannot tell. Anything else means that the demo itself is broken.
  case $code in 0 | 1 | 3) ;; *) exit 1 ;; esac
}

printf 'A benchmark was published with this manifest. Its server was Ready, fast, and not quantized.\n'
show skewguard check examples/skewed/01-swallowed-quantization.yaml

printf '\nThe team promised one configuration; the next release of the chart quietly ships another.\n'
show skewguard check --contract examples/contract/.skewguard examples/contract/drifted.yaml

printf '\nThe same, as the difference between what the two would run with.\n'
show skewguard diff examples/contract/deployment.yaml examples/contract/drifted.yaml
