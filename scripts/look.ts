/* Takes pictures of the window, in both themes and two sizes: bash scripts/with-keyring.sh node scripts/look.ts FOLDER [NAME...] */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Page } from '@playwright/test'
import { openWindow } from '../test/e2e/support/window.ts'

/** How a screen is reached from the first one, by its address or by what a person does. */
const SCREENS: Record<string, (page: Page) => Promise<void>> = {
  welcome: () => Promise.resolve(),
  keys: (page) => goTo(page, '#/keys'),
  activity: (page) => goTo(page, '#/activity'),
  settings: (page) => goTo(page, '#/settings'),
  palette: (page) => page.keyboard.press('Control+k'),
}

const SIZES = [
  { width: 1280, height: 800 },
  { width: 900, height: 600 },
]
const THEMES = ['light', 'dark'] as const

/** Milliseconds in which a screen comes to rest. */
const REST = 400

async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
}

const [folder = 'test-results/look', ...names] = process.argv.slice(2)
await mkdir(folder, { recursive: true })

const window = await openWindow({
  prepare: (page) => {
    page.on('console', (message) => console.log(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => console.log(`error: ${error.message}`))
    return Promise.resolve()
  },
})
try {
  const { page } = window
  for (const [name, reach] of Object.entries(SCREENS)) {
    if (names.length > 0 && !names.includes(name)) continue
    await reach(page)
    for (const size of SIZES) {
      await page.setViewportSize(size)
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme })
        await page.waitForTimeout(REST)
        await page.screenshot({ path: join(folder, `${name}-${size.width}x${size.height}-${colorScheme}.png`) })
      }
    }
  }
  console.log(resolve(folder))
} finally {
  await window.close()
}
