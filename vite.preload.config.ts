import { defineConfig } from 'vite'

/** The desktop app's preload script: one CommonJS file, as the sandbox takes no other, and it gives it nothing but Electron. */
export default defineConfig({
  build: {
    ssr: 'electron/desktop/preload.ts',
    target: 'node24',
    outDir: 'dist',
    emptyOutDir: false,
    minify: false,
    rolldownOptions: { external: ['electron'], output: { format: 'cjs', entryFileNames: 'preload.cjs' } },
  },
  ssr: { noExternal: true, external: ['electron'] },
})
