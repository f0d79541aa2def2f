import { svelte } from '@sveltejs/vite-plugin-svelte'
import { join } from 'node:path'
import { defineConfig } from 'vite'
import { LICENSES, target } from '../scripts/build-target.ts'

/** The window: static files that any host can serve. Nothing is inlined, so that the content policy can forbid inline code. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [svelte({ configFile: false })],
  build: {
    outDir: join(target.outDir, 'renderer'),
    emptyOutDir: true,
    target: target.chrome,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: LICENSES.window },
  },
})
