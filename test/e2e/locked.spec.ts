import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PASSPHRASE_WORK, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'
import { openWindow } from './support/window.ts'

const PASSPHRASE = 'correct horse battery staple'

/** Counts how often something on the page is set in motion by script. */
const COUNT_MOTION = `globalThis.motions = 0
const animate = Element.prototype.animate
Element.prototype.animate = function (...args) {
  globalThis.motions += 1
  return animate.apply(this, args)
}`

test('a wrong passphrase shakes its field and stays in it; a place whose keys are not open is locked', async ({
  browserOfHost: browser,
  viewport,
}) => {
  test.skip(browser === undefined, 'a window is opened twice over one folder')
  const folder = await mkdtemp(join(tmpdir(), 'coffer-locked-'))
  try {
    const file = join(folder, 'passphrase')
    await writeFile(file, PASSPHRASE, { mode: 0o600 })
    const first = await openWindow({ folder, ...(browser && { browser }), env: { COFFER_PASSPHRASE_FILE: file } })
    await tryHere(first.page)
    await first.close()

    const prepare = async (page: typeof first.page): Promise<void> => {
      await page.addInitScript(COUNT_MOTION)
    }
    const window = await openWindow({ folder, ...(browser && { browser }), context: { viewport }, prepare })
    const { page } = window
    const dialog = page.getByRole('dialog', { name: 'Unlock your keys' })
    const field = dialog.getByLabel('Passphrase')
    const places = page.getByRole('navigation', { name: 'Places' })

    await dialog.getByRole('button', { name: 'Not now' }).click()
    await expect(places.getByText('Locked', { exact: true })).toBeVisible()
    await expect(places.getByText('Not reachable')).toHaveCount(0)

    // It does not ask again by itself.
    await places.getByText('Locked', { exact: true }).click()
    await expect(dialog).toBeHidden()
    await page.getByRole('main').getByRole('button', { name: 'Unlock' }).click()
    await field.fill('not the right one')
    await dialog.getByRole('button', { name: 'Unlock' }).click()
    await expect(dialog.getByText('That is not the passphrase.')).toBeVisible({ timeout: PASSPHRASE_WORK })
    await expect(field).toHaveValue('not the right one')
    await expect(field).toHaveAttribute('aria-invalid', 'true')
    await expect(field).toBeFocused()
    expect(await page.evaluate('motions')).toBe(1)

    // What stands there is selected, so typing replaces it.
    await page.keyboard.type(PASSPHRASE)
    await page.keyboard.press('Enter')
    await expect(dialog).toBeHidden({ timeout: PASSPHRASE_WORK })
    await expect(places.getByRole('link', { name: 'vault', exact: true })).toBeVisible()
    await window.close()
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
