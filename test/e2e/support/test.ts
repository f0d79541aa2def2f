import { test as base, expect, type Browser, type Page } from '@playwright/test'
import { openDesktop } from './desktop.ts'
import { launchBrowser, openWindow, type OpenWindow } from './window.ts'

export { expect }

/** A window of Coffer in which nothing may go wrong unseen. */
export interface Watched extends OpenWindow {
  /** What the page complained of: uncaught errors, console errors, violations of its policy. */
  complaints: string[]
}

/** Every journey has a window over a new folder of its own, and fails if the page complained of anything. */
export const test = base.extend<{ window: Watched }, { browserOfHost: Browser | undefined }>({
  // The desktop app is its own browser.
  browserOfHost: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures that one needs from this pattern.
    async ({}, use, { project }) => {
      const browser = project.name === 'browser' ? await launchBrowser() : undefined
      await use(browser)
      await browser?.close()
    },
    { scope: 'worker' },
  ],
  window: async ({ browserOfHost: browser, viewport }, use, { project }) => {
    const complaints: string[] = []
    const prepare = (page: Page): Promise<void> => listen(page, complaints)
    const context = { viewport, locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] }
    const window =
      project.name === 'browser'
        ? await openWindow({ ...(browser && { browser }), context, prepare })
        : await openDesktop({ prepare, packaged: project.name === 'packaged' })
    try {
      await use({ ...window, complaints })
    } finally {
      await window.close()
    }
    expect(complaints, 'what the page complained of').toEqual([])
  },
  page: async ({ window }, use) => use(window.page),
})

async function listen(page: Page, complaints: string[]): Promise<void> {
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))
  page.on('console', (message) => {
    // What was being sent when its transfer was paused or cancelled is no longer wanted.
    const unwanted = message.location().url.includes('/drop/content/')
    if (message.type() === 'error' && !unwanted) complaints.push(message.text())
  })
  await page.exposeFunction('complain', (text: string) => complaints.push(text))
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (event) => complain(event.violatedDirective + ' ' + event.blockedURI))`,
  )
}
