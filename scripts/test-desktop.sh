#!/usr/bin/env bash
# Runs Playwright's journeys in the desktop app: scripts/test-desktop.sh [PLAYWRIGHT ARGUMENT...]. Needs a build.
# Finds or prepares an Electron, builds the app for it where it is an old one, and gives it a screen and a keychain. Root
# runs it as another user, since Chromium's sandbox does not hold root.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

dist=$(bash scripts/test-electron.sh)
export COFFER_ELECTRON=$dist/electron COFFER_ELECTRON_VERSION COFFER_ELECTRON_APP=$PWD
COFFER_ELECTRON_VERSION=$(cat "$dist/version")
case "$dist" in
  */.cache/electron-33/dist)
    export COFFER_ELECTRON_APP=$PWD/.cache/electron-33/app COFFER_TEST_MODULES=$PWD/.cache/electron-33/modules
    COFFER_BUILD_FOR=electron-33 npm run build --silent
    cp package.json "$COFFER_ELECTRON_APP/package.json"
    ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch COFFER_TEST_OUTPUT=$scratch/results TMPDIR=$scratch/tmp PLAYWRIGHT_JSON_OUTPUT_FILE=$scratch/results.json
results=${DESKTOP_RESULTS:-} # where to copy the JSON report to
mkdir "$TMPDIR"

as_other=()
if [ "$(id -u)" = 0 ]; then
  chown -R 65534:65534 "$scratch"
  as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  "${as_other[@]}" test -r package.json || { echo "test-desktop: $PWD cannot be read by another user" >&2; exit 1; }
fi

status=0
"${as_other[@]}" bash scripts/with-keyring.sh xvfb-run -a -s '-screen 0 1280x1024x24' \
  playwright test --project=desktop "$@" || status=$?
[ -z "$results" ] || cp "$PLAYWRIGHT_JSON_OUTPUT_FILE" "$results"
exit "$status"
