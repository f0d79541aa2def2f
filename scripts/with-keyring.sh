#!/usr/bin/env bash
# Runs a command with a real Secret Service of its own: a session bus and an unlocked GNOME Keyring in a throw-away home.
# Both end with the command, whose exit code is this script's. macOS and Windows run it with the system's own keychain.
set -euo pipefail
if [ "$(uname)" != Linux ] || [ "${COFFER_TEST_KEYRING:-}" = ready ]; then exec "$@"; fi

for program in dbus-daemon dbus-send gnome-keyring-daemon; do
  command -v "$program" >/dev/null && continue
  echo "with-keyring: $program is missing; on Debian: apt-get install dbus gnome-keyring libsecret-1-0" >&2
  exit 1
done

home=$(mktemp -d)
services=()
command_pid=
finish() {
  for pid in "${services[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${services[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$home"
}
trap finish EXIT
trap '[ -z "$command_pid" ] || kill -TERM "$command_pid" 2>/dev/null || true' INT TERM HUP

# await WHAT TEST...: tries the test for five seconds; the services' own words say what hindered them.
await() {
  local what=$1
  shift
  for _ in $(seq 100); do
    if "$@" 2>/dev/null; then return; fi
    sleep 0.05
  done
  cat "$home"/*.log >&2
  echo "with-keyring: $what does not start" >&2
  exit 1
}

keyring_answers() {
  dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
    string:org.freedesktop.secrets | grep -q 'boolean true'
}

export XDG_DATA_HOME="$home/share" XDG_RUNTIME_DIR="$home/run" XDG_CONFIG_HOME="$home/config"
mkdir -p "$XDG_DATA_HOME/keyrings" "$XDG_CONFIG_HOME"
mkdir -m 700 "$XDG_RUNTIME_DIR"

dbus-daemon --session --nofork --print-address=3 3>"$home/address" 2>"$home/bus.log" &
services+=($!)
await 'the session bus' test -s "$home/address"
DBUS_SESSION_BUS_ADDRESS=$(cat "$home/address")
export DBUS_SESSION_BUS_ADDRESS

gnome-keyring-daemon --foreground --unlock --components=secrets \
  < <(printf 'a test passphrase') >"$home/keyring.log" 2>&1 &
services=($! "${services[@]}")
await 'GNOME Keyring' keyring_answers

export COFFER_TEST_KEYRING=ready
"$@" <&0 &
command_pid=$!
status=0
wait "$command_pid" || status=$?
# A signal ends the first wait at once; the command may still be on its way out.
wait "$command_pid" 2>/dev/null || true
exit "$status"
