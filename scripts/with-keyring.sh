#!/usr/bin/env bash
# Runs a command with a real Secret Service of its own: a session bus and an unlocked GNOME Keyring in a throw-away home.
# On systems without one (macOS, Windows) the command runs with the system's own keychain.
set -euo pipefail
if [ "$(uname)" != Linux ]; then exec "$@"; fi
if [ "${COFFER_TEST_KEYRING:-}" = ready ]; then exec "$@"; fi

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export COFFER_TEST_KEYRING=ready XDG_DATA_HOME="$home/share" XDG_RUNTIME_DIR="$home/run" XDG_CONFIG_HOME="$home/config"
mkdir -p "$XDG_DATA_HOME/keyrings" "$XDG_CONFIG_HOME"
mkdir -m 700 "$XDG_RUNTIME_DIR"
dbus-run-session -- bash -c '
  printf "a test passphrase" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
  "$@"
  status=$?
  exit $status
' with-keyring "$@"
