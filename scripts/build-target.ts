import { join, resolve } from 'node:path'
import type { Plugin } from 'vite'

const root = resolve(import.meta.dirname, '..')

/** What a build is for: the folder it goes to, and the oldest runtimes it must run on. */
export interface BuildTarget {
  /** Absolute path. */
  outDir: string
  node: string
  chrome: string
  /** Node's modules, without `node:`, that the plugins answer for. */
  replaced: string[]
  plugins: Plugin[]
}

/** The lists of bundled packages that Vite writes, one a build; scripts/notices.ts makes one of them. */
export const LICENSES = { programs: 'licenses.json', preload: 'licenses-preload.json', window: 'licenses.json' }

/** The app for Electron 33, which tests run on where no newer runtime can be had (scripts/test-electron.sh). */
const OLD_ELECTRON: BuildTarget = {
  outDir: join(root, '.cache', 'electron-33', 'app', 'dist'),
  node: 'node20',
  chrome: 'chrome130',
  replaced: ['sqlite', 'module'],
  plugins: [withoutNewModules()],
}

const CURRENT: BuildTarget = {
  outDir: join(root, 'dist'),
  node: 'node24',
  chrome: 'chrome140',
  replaced: [],
  plugins: [],
}

/** The target that COFFER_BUILD_FOR names: `electron-33`, or what Coffer is delivered for. */
export const target = process.env.COFFER_BUILD_FOR === 'electron-33' ? OLD_ELECTRON : CURRENT

/** Replaces what Node.js 20 lacks: `node:sqlite`, and the compile cache of `node:module`. */
function withoutNewModules(): Plugin {
  const moduleStandIn = '\0node-module'
  return {
    name: 'without-new-modules',
    enforce: 'pre',
    config: () => ({ define: { TEST_MODULES: JSON.stringify(join(root, '.cache', 'electron-33', 'modules')) } }),
    resolveId(id) {
      if (id === 'node:sqlite') return join(root, 'scripts', 'old-electron', 'sqlite.ts')
      return id === 'node:module' ? moduleStandIn : null
    },
    load: (id) =>
      id === moduleStandIn
        ? `export const { createRequire } = process.getBuiltinModule('node:module')
           export const enableCompileCache = () => undefined
           export const getCompileCacheDir = () => undefined`
        : null,
  }
}
