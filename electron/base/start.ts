/**
 * Runs a program's `main` unless this Node cannot, and says why if so. Every program begins with this and loads the rest
 * after it, so what stands here must be readable by an older Node.
 */
export async function start(main: () => Promise<unknown>): Promise<void> {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 24 && !isInApp()) {
    refuse(`needs Node.js 24 or newer; this is ${process.versions.node}. See https://nodejs.org.`)
  } else if (process.env.NODE_DEBUG || process.env.NODE_DEBUG_NATIVE) {
    startWithoutNodeDebug()
  } else {
    await main()
  }
}

/** The packaged app brings its own Node.js, and is built for it. */
function isInApp(): boolean {
  return 'electron' in process.versions
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
    refuse('NODE_DEBUG is set, which would show keys on the terminal. Unset it, then try again.')
    return
  }
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], env)
}

function refuse(why: string): void {
  // In the packaged app a process ends only when it is told to (desktop/entry.ts).
  process.stderr.write(`coffer: ${why}\n`, () => process.exit(1))
}
