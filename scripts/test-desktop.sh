#!/usr/bin/env bash
# Runs Playwright's journeys in the desktop app: scripts/test-desktop.sh [PLAYWRIGHT ARGUMENT...]. Needs a build.
# Finds or prepares an Electron, builds the app for it where it is an old one, and gives it a screen and a keychain. Root
# runs it as another user, since Chromium's sandbox does not hold root.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

# Runs a command and shows what it printed only if it failed.
quietly() {
  local log
  log=$(mktemp)
  "$@" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; return 1; }
  rm -f "$log"
}

built=$PWD/dist
dist=$(bash scripts/test-electron.sh)
export COFFER_ELECTRON=$dist/electron COFFER_ELECTRON_VERSION COFFER_ELECTRON_APP=$PWD
COFFER_ELECTRON_VERSION=$(cat "$dist/version")
case "$dist" in
  */.cache/electron-33/dist)
    export COFFER_ELECTRON_APP=$PWD/.cache/electron-33/app
    COFFER_BUILD_FOR=electron-33 quietly npm run build --silent
    cp package.json "$COFFER_ELECTRON_APP/package.json"
    cp -r resources "$COFFER_ELECTRON_APP/"
    built=$COFFER_ELECTRON_APP/dist
    ;;
esac

# The package as it is delivered, and beside its program a copy that a debugger may attach to, since Playwright drives by that.
export COFFER_PACKAGES=$PWD/.cache/package COFFER_PACKAGE=$PWD/.cache/package/linux-unpacked
rm -rf "$COFFER_PACKAGES"
# Its updates come from a server that the test of updates starts, with lists that the test signs.
COFFER_SIGNING_KEY=$(openssl genpkey -algorithm ed25519)
COFFER_UPDATE_URL=http://127.0.0.1:$(node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
COFFER_UPDATE_KEY=$(openssl pkey -pubout -outform DER <<<"$COFFER_SIGNING_KEY" | openssl base64 -A)
export COFFER_SIGNING_KEY COFFER_UPDATE_KEY COFFER_UPDATE_URL
quietly node scripts/package.ts rpm deb --fast --electron "$dist" --built "$built" --out "$COFFER_PACKAGES"
mv "$COFFER_PACKAGES"/*.deb "$COFFER_PACKAGES/coffer.deb"
mv "$COFFER_PACKAGES"/*.rpm "$COFFER_PACKAGES/coffer.rpm"
cp "$COFFER_PACKAGE/coffer" "$COFFER_PACKAGE/coffer-driven"
quietly electron-fuses write --app "$COFFER_PACKAGE/coffer-driven" EnableNodeCliInspectArguments=on
chmod -R a+rX "$PWD/.cache/package"

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
  playwright test --project=desktop --project=packaged "$@" || status=$?
[ -z "$results" ] || cp "$PLAYWRIGHT_JSON_OUTPUT_FILE" "$results"
[ "$status" = 0 ] || { rm -rf test-results/desktop; mkdir -p test-results; cp -r "$COFFER_TEST_OUTPUT" test-results/desktop; }
exit "$status"
