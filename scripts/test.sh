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
lint=
finish() {
  local status=$?
  [ -z "$lint" ] || kill "$lint" 2>/dev/null
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

# The longest of the checks runs beside the others.
eslint . --max-warnings 0 >"$results/lint.log" 2>&1 </dev/null &
lint=$!
end_of_lint() {
  local status
  wait "$lint"
  status=$?
  lint=
  cat "$results/lint.log"
  return $status
}

step 'system' bash scripts/system.sh
step 'format' prettier --check .
step 'types' tsc -p tsconfig.json
step 'types of the window' svelte-check --tsconfig renderer/tsconfig.json --fail-on-warnings
step 'architecture' depcruise electron
step 'dead code' knip
step 'build' npm run build --silent
step 'lint' end_of_lint
run 'unit tests' bash scripts/with-keyring.sh \
  vitest run --project unit --reporter=dot --reporter=json --outputFile.json="$results/unit.json"
run 'system tests' bash scripts/with-keyring.sh \
  vitest run --project system --reporter=default --reporter=json --outputFile.json="$results/system.json"
run 'wire tests' bash scripts/with-keyring.sh \
  vitest run --project wire --reporter=default --reporter=json --outputFile.json="$results/wire.json"
run 'interop tests' bash scripts/with-keyring.sh \
  vitest run --project interop --reporter=default --reporter=json --outputFile.json="$results/interop.json"
run 'the window' env PLAYWRIGHT_JSON_OUTPUT_FILE="$results/e2e.json" bash scripts/with-keyring.sh \
  playwright test --reporter=list,json
run 'memory' bash scripts/with-keyring.sh node test/bench/memory.ts
complete=yes
[ "${#failed[@]}" = 0 ] || { printf '\nFailed: %s\n' "$(IFS=,; echo "${failed[*]}")"; exit 1; }
