#!/usr/bin/env node

/* Stands before everything else and imports nothing, so that an older Node still reads it and is told what is missing. */
const major = Number(process.versions.node.split('.')[0])

if (major < 24) {
  process.stderr.write(`coffer: needs Node.js 24 or newer; this is ${process.versions.node}. See https://nodejs.org.\n`)
  process.exitCode = 1
} else if (process.env.NODE_DEBUG || process.env.NODE_DEBUG_NATIVE) {
  startWithoutNodeDebug()
} else {
  const { run } = await import('./program.ts')
  await run(process.argv)
}

/**
 * Under NODE_DEBUG, Node writes the headers and the first bytes of what passes through it to the terminal: keys too. It has
 * taken the variable to heart before any program runs, so this process gives way to one that never had it.
 */
function startWithoutNodeDebug(): void {
  const env = { ...process.env }
  delete env.NODE_DEBUG
  delete env.NODE_DEBUG_NATIVE
  if (process.execve === undefined || process.platform === 'win32') {
    process.stderr.write(
      'coffer: NODE_DEBUG is set, which would show keys on the terminal. Unset it, then try again.\n',
    )
    process.exitCode = 1
    return
  }
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], env)
}
