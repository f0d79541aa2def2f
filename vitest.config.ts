import { defineConfig } from 'vitest/config'

const setupFiles = ['test/support/equal-buffers.ts']

/**
 * Unit tests run in parallel and touch no server; system tests start real servers and run the built command line; wire
 * tests break what lies between client and server; interop tests set Amazon's own encryption clients before Coffer.
 */
export default defineConfig({
  test: {
    // System tests run whole programs: one that takes seconds is nothing to report.
    slowTestThreshold: 180_000,
    // Most of a test's time is waiting for the programs it started, so two files at once even on a small machine.
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', setupFiles, include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'system',
          setupFiles,
          include: ['test/system/**/*.test.ts', 'test/security/**/*.test.ts'],
          globalSetup: ['test/security/print-table.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'wire',
          setupFiles,
          include: ['test/wire/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'interop',
          setupFiles,
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
