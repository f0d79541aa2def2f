import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const common = {
  setupFiles: ['test/support/equal-buffers.ts'],
  // What is waited for comes within this on a busy machine, too.
  expect: { poll: { timeout: 30_000 } },
  testTimeout: 180_000,
  hookTimeout: 120_000,
}

/**
 * Unit tests run in parallel and touch no server; system tests start real servers and run the built command line; wire
 * tests break what lies between client and server; interop tests set Amazon's own encryption clients before Coffer.
 */
export default defineConfig({
  test: {
    // System tests run whole programs: one that takes seconds is nothing to report.
    slowTestThreshold: 180_000,
    // Much of a test's time is waiting for the programs it started, so three files at once even on a small machine.
    maxWorkers: Math.min(8, Math.max(3, availableParallelism())),
    projects: [
      { test: { ...common, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          ...common,
          name: 'system',
          include: ['test/system/**/*.test.ts', 'test/security/**/*.test.ts'],
          globalSetup: ['test/security/print-table.ts'],
        },
      },
      { test: { ...common, name: 'wire', include: ['test/wire/**/*.test.ts'] } },
      {
        test: {
          ...common,
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
