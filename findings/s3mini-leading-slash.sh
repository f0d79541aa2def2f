#!/usr/bin/env bash
# s3mini (npm) 1.0.2: a key that begins with a slash is another key.
#
# Guessed: "/report" and "report" are two objects, as in S3, and s3mini addresses each.
# Seen:    both are sent to /vault/report. An object of the name "/report", which other clients wrote, cannot be read, and a put of the one
#          replaces the other. A slash at the end, and two in the middle, are kept.
# Why a user of S3 encryption meets it: file paths become keys, and absolute ones begin with a slash. A key that is bound to the ciphertext
# (as encryption context or associated data) then differs from the one under which the object is stored.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund s3mini@1.0.2

cat >put.mjs <<'J'
import { createServer } from 'node:http'
import { S3mini } from 's3mini'
const server = createServer((request, response) => request.resume().on('end', () => {
  console.log(request.method, request.url)
  response.setHeader('etag', '"0"').end()
}))
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const endpoint = `http://127.0.0.1:${server.address().port}/vault`
const s3 = new S3mini({ endpoint, region: 'us-east-1', accessKeyId: 'test', secretAccessKey: 'test' })
for (const key of ['report', '/report', 'folder//report', 'folder/']) await s3.putObject(key, 'x')
server.closeAllConnections()
server.close()
J
seen=$(node put.mjs)
expected='PUT /vault/report
PUT /vault/report
PUT /vault/folder//report
PUT /vault/folder/'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: s3mini treats slashes in another way now'; exit 1; }
echo PASS
