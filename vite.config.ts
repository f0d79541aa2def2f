import { chmod } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'vite'
import { LICENSES, target } from './scripts/build-target.ts'

/** Node's modules that a plugin answers for. */
const replaced = new Set(['http', ...target.replaced].flatMap(bothNames))

/** Everything that runs in Node, bundled so that a command starts fast; only native modules stay outside. */
export default defineConfig({
  plugins: [...target.plugins, httpAlone(), executable(join(target.outDir, 'cli.js'))],
  build: {
    ssr: true,
    target: target.node,
    outDir: target.outDir,
    emptyOutDir: true,
    minify: false,
    license: { fileName: LICENSES.programs },
    rolldownOptions: {
      input: {
        cli: 'electron/cli/main.ts',
        localcloud: 'electron/localcloud/main.ts',
        'digest-worker': 'electron/transfers/digest-worker.ts',
        'small-worker': 'electron/vault/small-worker.ts',
        loopback: 'electron/loopback/main.ts',
        engine: 'electron/engine.ts',
        main: 'electron/desktop/entry.ts',
      },
      external: ['keytar', 'electron', ...builtinModules.flatMap(bothNames).filter((name) => !replaced.has(name))],
      output: { entryFileNames: '[name].js', chunkFileNames: 'shared/[name]-[hash].js' },
    },
  },
  ssr: { noExternal: true, external: ['keytar', 'electron'] },
})

/** A module of Node goes by its name, and by `node:` before it; some have the second alone. */
function bothNames(name: string): string[] {
  const plain = name.replace(/^node:/, '')
  return [plain, `node:${plain}`]
}

/**
 * Imported by name, `node:http` reads all that it exports, among it a whole other client of HTTP (undici), which takes a tenth
 * of a second at each start.
 */
function httpAlone(): Plugin {
  const own = '\0http-alone'
  return {
    name: 'http-alone',
    enforce: 'pre',
    resolveId: (id) => (id === 'http' || id === 'node:http' ? own : null),
    load: (id) =>
      id === own
        ? `const http = process.getBuiltinModule('node:http')
           export default http
           export const { Agent, ClientRequest, IncomingMessage, ServerResponse, createServer, request, STATUS_CODES } = http`
        : null,
  }
}

/** `npx coffer` runs the file itself. */
function executable(path: string): Plugin {
  return { name: 'executable', writeBundle: () => chmod(path, 0o755) }
}
