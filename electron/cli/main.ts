#!/usr/bin/env node

/* Stands before everything else and imports nothing, so that an older Node still reads it and is told what is missing. */
const major = Number(process.versions.node.split('.')[0])

if (major < 24) {
  process.stderr.write(`coffer: needs Node.js 24 or newer; this is ${process.versions.node}. See https://nodejs.org.\n`)
  process.exitCode = 1
} else {
  const { run } = await import('./program.ts')
  await run(process.argv)
}
