import { builtinModules } from 'node:module'
import { defineConfig } from 'vite'

/** Everything that runs in Node, bundled so that a command starts fast; only native modules stay outside. */
export default defineConfig({
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'dist',
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: { cli: 'electron/cli/main.ts', localcloud: 'electron/localcloud/main.ts' },
      external: ['keytar', 'electron', ...builtinModules, /^node:/],
      output: { entryFileNames: '[name].js', chunkFileNames: 'shared/[name]-[hash].js', banner: '' },
    },
  },
  ssr: { noExternal: true, external: ['keytar', 'electron'] },
})
