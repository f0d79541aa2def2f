/** The Electron that the desktop app's journeys run on; scripts/test-desktop.sh finds it and says where it is. */
export interface ElectronRuntime {
  version: string
  /** Absolute path of the runtime's program, and the folder of the built app. */
  program: string
  app: string
  /** The packaged app: its program as it is delivered, and a copy whose switch for a debugger is on, to drive it by. */
  packaged: string
  packagedDriven: string
  /** The packages for Debian's and Red Hat's families. */
  deb: string
  rpm: string
  /** Where the packaged app looks for updates, and the private key that it knows the public half of, in PEM. */
  updates: { url: string; signingKey: string }
}

/** The runtime that is told by the environment; null where only the browser's journeys run. */
export function electronRuntime(): ElectronRuntime | null {
  const env = process.env
  if (env.COFFER_ELECTRON === undefined) return null
  const packages = env.COFFER_PACKAGES ?? ''
  return {
    version: env.COFFER_ELECTRON_VERSION ?? 'unknown',
    program: env.COFFER_ELECTRON,
    app: env.COFFER_ELECTRON_APP ?? '.',
    packaged: `${env.COFFER_PACKAGE ?? ''}/coffer`,
    packagedDriven: `${env.COFFER_PACKAGE ?? ''}/coffer-driven`,
    deb: `${packages}/coffer.deb`,
    rpm: `${packages}/coffer.rpm`,
    updates: { url: env.COFFER_UPDATE_URL ?? '', signingKey: env.COFFER_SIGNING_KEY ?? '' },
  }
}

/** Prints what the journeys run on, once a run. */
export default function printHosts(): void {
  const runtime = electronRuntime()
  const desktop = runtime === null ? '' : `, the desktop app on Electron ${runtime.version}, as built and packaged`
  console.log(`Hosts that can take part: the browser${desktop}.`)
}
