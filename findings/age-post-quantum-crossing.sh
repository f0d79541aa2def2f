#!/usr/bin/env bash
# age (Go) 1.3.2, typage (npm age-encryption) 0.3.1 and pyrage (PyPI) 1.4.0: post-quantum recipients part the family.
#
# Guessed: all three encrypt to the hybrid recipients (age1pq1...) that age-keygen -pq makes since 1.3, and all refuse a file for a hybrid
#          and a classic recipient together.
# Seen:    age refuses to mix the two kinds. typage writes such a file, and age then opens it with either identity. pyrage, although it
#          has recipients for hybrid hardware keys (pyrage.tagpq), knows the hybrid identities of age not at all: "incorrect HRP".
# Why a user of S3 encryption meets it: a vault has a recipient for each person and one for recovery. Which may stand together depends on
# the tool that wraps the key, and people with pyrage lose access once a kit is made by age-keygen -pq.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN=$folder go install filippo.io/age/cmd/age@v1.3.2 filippo.io/age/cmd/age-keygen@v1.3.2 2>/dev/null
npm install --silent --no-audit --no-fund age-encryption@0.3.1
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check pyrage==1.4.0
./age-keygen -o classic 2>/dev/null
./age-keygen -pq -o hybrid 2>/dev/null

cat >mix.mjs <<'J'
import { readFileSync, writeFileSync } from 'node:fs'
import * as age from 'age-encryption'
const encrypter = new age.Encrypter()
for (const file of ['classic', 'hybrid']) {
  encrypter.addRecipient(await age.identityToRecipient(readFileSync(file, 'utf8').match(/AGE-SECRET-KEY\S+/)[0]))
}
writeFileSync('mixed.age', await encrypter.encrypt('kit'))
J
cat >read.py <<'P'
import pyrage, re
try:
    pyrage.x25519.Identity.from_str(re.search(r'AGE-SECRET-KEY\S+', open('hybrid').read())[0])
    print('pyrage reads the hybrid identity')
except pyrage.IdentityError as error:
    print('pyrage:', error, '- has tagpq:', hasattr(pyrage, 'tagpq'))
P
seen=$(
  printf kit | ./age -r "$(./age-keygen -y classic)" -r "$(./age-keygen -y hybrid)" 2>&1 >/dev/null | grep -o 'incompatible recipients'
  node mix.mjs
  for identity in classic hybrid; do echo "mixed file of typage, age with $identity: $(./age -d -i $identity mixed.age)"; done
  py/bin/python read.py
)
expected='incompatible recipients
mixed file of typage, age with classic: kit
mixed file of typage, age with hybrid: kit
pyrage: incorrect HRP - has tagpq: True'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: one of them treats hybrid recipients in another way now'; exit 1; }
echo PASS
