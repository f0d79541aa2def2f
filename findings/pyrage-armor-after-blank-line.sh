#!/usr/bin/env bash
# pyrage (PyPI) 1.4.0 beside age (Go) 1.3.2 and typage (npm age-encryption) 0.3.1: an armored file with a blank line before it.
#
# Guessed: all three read armor that a blank line precedes or follows, as text pasted from a mail or a ticket has it.
# Seen:    age and typage read both. pyrage reads armor that a blank line follows, and armor with CRLF, but fails with "Header is invalid"
#          if one precedes it.
# Why a user of S3 encryption meets it: recovery kits and backup keys are armored age files that people print, mail and paste. One tool
# calls such a kit broken, another opens it.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN=$folder go install filippo.io/age/cmd/age@v1.3.2 2>/dev/null
npm install --silent --no-audit --no-fund age-encryption@0.3.1
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check pyrage==1.4.0

cat >make.py <<'P'
import pyrage
identity = pyrage.x25519.Identity.generate()
open('identity', 'w').write(str(identity))
open('recipient', 'w').write(str(identity.to_public()))
P
py/bin/python make.py
printf 'kit' | ./age -a -r "$(cat recipient)" >plain.age
{ echo; cat plain.age; } >before.age
{ cat plain.age; echo; } >after.age
sed 's/$/\r/' plain.age >crlf.age

cat >open.py <<'P'
import pyrage, sys
try:
    print(pyrage.decrypt(open(sys.argv[1], 'rb').read(), [pyrage.x25519.Identity.from_str(open('identity').read())]).decode())
except pyrage.DecryptError as error:
    print(error)
P
cat >open.mjs <<'J'
import { readFileSync } from 'node:fs'
import * as age from 'age-encryption'
const decrypter = new age.Decrypter()
decrypter.addIdentity(readFileSync('identity', 'utf8'))
console.log(await decrypter.decrypt(age.armor.decode(readFileSync(process.argv[2], 'utf8')), 'text'))
J
seen=$(for file in plain before after crlf; do
  echo "$file: age $(./age -d -i identity $file.age), typage $(node open.mjs $file.age), pyrage $(py/bin/python open.py $file.age)"
done)
expected='plain: age kit, typage kit, pyrage kit
before: age kit, typage kit, pyrage Header is invalid
after: age kit, typage kit, pyrage kit
crlf: age kit, typage kit, pyrage kit'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: one of them reads armor in another way now'; exit 1; }
echo PASS
