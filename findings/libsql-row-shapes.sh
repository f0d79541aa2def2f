#!/usr/bin/env bash
# libsql (npm) 0.5.29, which is offered as a drop-in for better-sqlite3: the same row has another shape by each way to read it.
#
# Expected: one statement gives the same row by get(), all() and iterate(), as better-sqlite3 and node:sqlite do.
# Seen:     get() gives a blob as Buffer and adds a `_metadata` property that is no column; all() and iterate() give the blob as
#           ArrayBuffer and add nothing. A program that compares, serialises or spreads rows, or passes a blob on to
#           node:crypto by `.length`, works by the one and fails by the other.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund libsql@0.5.29

cat >read.cjs <<'J'
const Database = require('libsql')
const db = new Database(':memory:')
db.exec("CREATE TABLE part (number INTEGER, digest BLOB); INSERT INTO part VALUES (1, x'0102')")
const read = db.prepare('SELECT number, digest FROM part')
const shape = (row) => `${Object.keys(row).join(',')} digest=${row.digest.constructor.name}`
console.log('get     ', shape(read.get()))
console.log('all     ', shape(read.all()[0]))
console.log('iterate ', shape(read.iterate().next().value))
J
seen=$(node read.cjs)
expected='get      number,digest,_metadata digest=Buffer
all      number,digest digest=ArrayBuffer
iterate  number,digest digest=ArrayBuffer'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: libsql reads rows in another way now'; exit 1; }
