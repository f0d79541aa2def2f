import { chmod } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { defineConfig, type Plugin } from 'vite'

/** Everything that runs in Node, bundled so that a command starts fast; only native modules stay outside. */
export default defineConfig({
  plugins: [executable('dist/cli.js')],
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'dist',
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: {
        cli: 'electron/cli/main.ts',
        localcloud: 'electron/localcloud/main.ts',
        'digest-worker': 'electron/transfers/digest-worker.ts',
        loopback: 'electron/loopback/main.ts',
        engine: 'electron/engine.ts',
        main: 'electron/desktop/main.ts',
      },
      external: ['keytar', 'electron', ...builtinModules, /^node:/],
      output: { entryFileNames: '[name].js', chunkFileNames: 'shared/[name]-[hash].js' },
    },
  },
  ssr: { noExternal: true, external: ['keytar', 'electron'] },
})

/** `npx coffer` runs the file itself. */
function executable(path: string): Plugin {
  return { name: 'executable', writeBundle: () => chmod(path, 0o755) }
}
