/** The Electron that the desktop app's journeys run on; scripts/test-desktop.sh finds it and says where it is. */
export interface ElectronRuntime {
  /** Absolute path of the program. */
  program: string
  version: string
  /** The folder of the built app. */
  app: string
  /** Modules that only tests load; null where the runtime has all of its own. */
  modules: string | null
}

/** The runtime that is told by the environment; null where only the browser's journeys run. */
export function electronRuntime(): ElectronRuntime | null {
  const { COFFER_ELECTRON, COFFER_ELECTRON_VERSION = 'unknown', COFFER_ELECTRON_APP = '.' } = process.env
  if (COFFER_ELECTRON === undefined) return null
  const modules = process.env.COFFER_TEST_MODULES ?? null
  return { program: COFFER_ELECTRON, version: COFFER_ELECTRON_VERSION, app: COFFER_ELECTRON_APP, modules }
}

/** Prints what the journeys run on, once a run. */
export default function printHosts(): void {
  const runtime = electronRuntime()
  const desktop = runtime === null ? '' : `, the desktop app on Electron ${runtime.version}`
  console.log(`Hosts that can take part: the browser${desktop}.`)
}
