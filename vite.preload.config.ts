import { defineConfig } from 'vite'
import { LICENSES, target } from './scripts/build-target.ts'

/** The desktop app's preload script: one CommonJS file, as the sandbox takes no other, and it gives it nothing but Electron. */
export default defineConfig({
  build: {
    ssr: 'electron/desktop/preload.ts',
    target: target.node,
    outDir: target.outDir,
    emptyOutDir: false,
    minify: false,
    license: { fileName: LICENSES.preload },
    rolldownOptions: { external: ['electron'], output: { format: 'cjs', entryFileNames: 'preload.cjs' } },
  },
  ssr: { noExternal: true, external: ['electron'] },
})
