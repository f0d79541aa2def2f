import { defineConfig } from '@playwright/test'
import { existsSync } from 'node:fs'
import { electronRuntime } from './test/e2e/support/hosts.ts'

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'
const asRoot = process.getuid?.() === 0

/** What only the packaged app can show. */
const PACKAGE_ONLY = ['**/packaged.spec.ts', '**/linux-packages.spec.ts', '**/updates.spec.ts']

/** The life of the desktop app. */
const DESKTOP_ONLY = '**/desktop*.spec.ts'

/** The journeys of the window, on each of its hosts. Run them inside scripts/with-keyring.sh, after a build. */
export default defineConfig({
  testDir: 'test/e2e',
  // The desktop app runs as another user, who may not write here.
  outputDir: process.env.COFFER_TEST_OUTPUT ?? 'test-results',
  globalSetup: './test/e2e/support/hosts.ts',
  fullyParallel: true,
  forbidOnly: process.env.CI !== undefined,
  workers: 2,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: { screenshot: 'only-on-failure', actionTimeout: 15_000, navigationTimeout: 30_000 },
  projects: [
    {
      name: 'browser',
      testIgnore: [...PACKAGE_ONLY, DESKTOP_ONLY],
      use: {
        browserName: 'chromium',
        viewport: { width: 1280, height: 800 },
        launchOptions: {
          ...(existsSync(chromium) ? { executablePath: chromium } : {}),
          args: ['--disable-background-networking', ...(asRoot ? ['--no-sandbox'] : [])],
        },
      },
    },
    ...(electronRuntime() === null
      ? []
      : [
          { name: 'desktop', testIgnore: PACKAGE_ONLY },
          { name: 'packaged', testMatch: [...PACKAGE_ONLY, '**/first-start.spec.ts'] },
        ]),
  ],
})
