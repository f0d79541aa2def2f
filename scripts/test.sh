#!/usr/bin/env bash
# Everything that has to hold, cheapest first. Stops at the first check that fails; of the tests all run. The last line counts them.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

[ -t 1 ] || export NO_COLOR=1

results=.cache/results
rm -rf "$results"
mkdir -p "$results"

# Hundreds of programs are started from new homes; what one compiled, the next need not.
export NODE_COMPILE_CACHE=$PWD/.cache/compiled

# A run that was ended from outside has not come to its end, whatever the last command said.
complete=no
scratch=
finish() {
  local status=$?
  cat "$results"/*.pid 2>/dev/null | xargs kill 2>/dev/null
  [ -z "$scratch" ] || rm -rf "$scratch"
  [ "$complete" = yes ] || [ "$status" != 0 ] || status=1
  printf '\n%s after %d s\n' "$([ "$status" = 0 ] && echo 'All is well' || echo 'FAILED')" "$SECONDS"
  node scripts/count-tests.ts "$results"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

step() {
  local name=$1 started=$SECONDS log="$results/step.log" status
  shift
  printf '%-22s' "$name"
  "$@" >"$log" 2>&1 </dev/null
  status=$?
  printf '%s  %d s\n' "$([ "$status" = 0 ] && echo ok || echo FAILED)" $((SECONDS - started))
  if [ "$status" != 0 ]; then
    cat "$log"
    exit "$status"
  fi
}

# Test runs talk for themselves, and one that fails keeps none of the others from being heard.
failed=()
run() {
  local name=$1
  shift
  printf '\n%s\n' "$name"
  "$@" </dev/null || failed+=("$name")
}

# begin NAME COMMAND...: lets a check run beside the others, to be looked at by `step WHAT end_of NAME`.
begin() {
  local name=$1
  shift
  "$@" >"$results/$name.log" 2>&1 </dev/null &
  echo $! >"$results/$name.pid"
}
end_of() {
  local status
  wait "$(cat "$results/$1.pid")"
  status=$?
  rm "$results/$1.pid"
  cat "$results/$1.log"
  return $status
}

# Tests wait much for the disk to say that it has kept what they wrote, and nothing of it has to outlive a power cut: where
# memory is plenty, they write there.
disk=${TMPDIR:-/tmp}
in_memory() {
  local free
  free=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null)
  [ "${free:-0}" -ge 12 ] && [ "$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)" -ge 8388608 ] || return 0
  scratch=$(mktemp -d /dev/shm/coffer-tests-XXXXXX) || return 0
  # Some tests act as another user.
  chmod 711 "$scratch"
  export TMPDIR=$scratch
}

# The longest of the checks, and what is mostly waited for.
begin lint eslint . --max-warnings 0
begin system bash scripts/system.sh

step 'format' prettier --check .
step 'types' tsc -p tsconfig.json
step 'types of the window' svelte-check --tsconfig renderer/tsconfig.json --fail-on-warnings
step 'architecture' depcruise electron
step 'dead code' knip
step 'build' npm run build --silent
step 'lint' end_of lint
step 'system' end_of system
step 'workflows' .cache/servers/actionlint
in_memory
run 'unit tests' bash scripts/with-keyring.sh \
  vitest run --project unit --reporter=dot --reporter=json --outputFile.json="$results/unit.json"
run 'system, wire and interop tests' bash scripts/with-keyring.sh \
  vitest run --project system --project wire --project interop \
  --reporter=default --reporter=json --outputFile.json="$results/system.json"
run 'the window' env PLAYWRIGHT_JSON_OUTPUT_FILE="$results/e2e.json" bash scripts/with-keyring.sh \
  playwright test --reporter=list,json
run 'the desktop app' env DESKTOP_RESULTS="$PWD/$results/desktop.json" bash scripts/test-desktop.sh --reporter=list,json
run 'memory' env TMPDIR="$disk" bash scripts/with-keyring.sh node test/bench/memory.ts
complete=yes
[ "${#failed[@]}" = 0 ] || { printf '\nFailed: %s\n' "$(IFS=,; echo "${failed[*]}")"; exit 1; }
