#!/usr/bin/env bash
# Sees to what the tests need of the system: installs it where that is allowed, otherwise says what is missing.
# Says nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(chromium gnome-keyring dbus libsecret-1-0 libsecret-tools rclone age ruby ruby-aws-sdk-s3 openjdk-17-jdk-headless maven gdb curl openssl python3-gi
  xvfb xauth unzip libgtk-3-0 libnotify4 libnss3 libgbm1 libasound2 rpm shellcheck)
python=.cache/python
servers=.cache/servers

say() { printf 'system: %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
  command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs a command and shows what it printed only if it failed.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

apt_packages() {
  local missing=() package
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} = 0 ] && return
  if ! may_install; then
    say "missing: ${missing[*]}. Install them (apt-get install ${missing[*]}), then run this again."
    return 1
  fi
  say "installing ${missing[*]}"
  quietly as_root apt-get update
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# Without Debian's packages there is still a list of programs to look for.
programs() {
  local missing=() program
  for program in dbus-run-session gnome-keyring-daemon secret-tool rclone age gdb curl openssl python3; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  [ ${#missing[@]} = 0 ] && return
  say "missing programs: ${missing[*]}. Install them, then run this again."
  return 1
}

# A virtual environment of the project's own. It is made without pip, since not every Python brings ensurepip.
python_tools() {
  local wanted=scripts/python-tools.txt base
  cmp -s "$wanted" "$python/installed.txt" && return
  for base in /usr/bin/python3 python3; do "$base" -m pip --version >/dev/null 2>&1 && break; done
  if ! "$base" -m pip --version >/dev/null 2>&1; then
    apt_packages python3 python3-pip
    base=/usr/bin/python3
  fi
  say "installing $(tr '\n' ' ' <"$wanted")"
  rm -rf "$python"
  quietly "$base" -m venv --without-pip "$python"
  quietly "$base" -m pip --python "$python/bin/python" install --disable-pip-version-check --no-input -r "$wanted"
  cp "$wanted" "$python/installed.txt"
}

# Other people's S3 servers, and the linter of the workflows, each of one pinned release. Go keeps what it has built, so a new clone only links them again.
foreign_servers() {
  local wanted go sources=test/support/servers/go
  wanted=$(cat scripts/servers.txt "$sources"/go.mod "$sources"/rclone/main.go)
  [ "$wanted" = "$(cat "$servers/installed.txt" 2>/dev/null)" ] && return
  go=$(command -v go || echo /usr/local/go/bin/go)
  if ! "$go" version >/dev/null 2>&1; then
    say 'missing: Go 1.26 or newer (https://go.dev/dl). Install it, then run this again.'
    return 1
  fi
  rm -rf "$servers"
  mkdir -p "$servers"
  while read -r kind what; do
    say "installing $what"
    case $kind in
      go) quietly env CGO_ENABLED=0 GOBIN="$PWD/$servers" GOFLAGS=-buildvcs=false "$go" install -trimpath -ldflags '-s -w' "$what" ;;
      go-here) quietly env CGO_ENABLED=0 "$go" build -C "$sources" -trimpath -ldflags '-s -w' -o "$PWD/$servers/$what" ./rclone ;;
      maven) quietly mvn -q -B dependency:copy -Dartifact="$what" -Dmdep.stripVersion=true -DoutputDirectory="$PWD/$servers" ;;
    esac
  done <scripts/servers.txt
  printf '%s\n' "$wanted" >"$servers/installed.txt"
}

case "$(uname)" in
  Linux) if command -v dpkg-query >/dev/null; then apt_packages "${packages[@]}"; else programs; fi ;;
esac
python_tools
foreign_servers
