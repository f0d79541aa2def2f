import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PASSPHRASE_WORK, notices } from './support/person.ts'
import { expect, test } from './support/test.ts'
import { openWindow } from './support/window.ts'

const FIRST = 'seven horses run at night'
const NEXT = 'nine horses stand in the rain'

test('without a keychain, keys are in a file whose passphrase is long enough, and is changed in Settings', async ({
  browserOfHost: browser,
}) => {
  test.skip(browser === undefined, 'the desktop app starts with the keychain of this session')
  const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' }
  const window = await openWindow({ ...(browser && { browser }), env })
  try {
    const { page, home } = window
    await page.getByRole('button', { name: 'Try on this computer' }).click()
    const ask = page.getByRole('dialog', { name: 'Keep keys in a file?' })
    const keep = ask.getByRole('button', { name: 'Keep keys in a file' })
    for (const [passphrase, enabled] of [
      ['x', false],
      [FIRST, true],
    ] as const) {
      await ask.getByLabel('Passphrase').fill(passphrase)
      await ask.getByLabel('The same once more').fill(passphrase)
      await expect(keep).toBeEnabled({ enabled })
    }
    await expect(ask.getByText(/A thousand processors guess it in/)).toBeVisible()
    expect(existsSync(join(home, 'keys.age'))).toBe(false)
    await keep.click()
    await expect(page.getByRole('grid', { name: 'Files in vault' })).toBeVisible({ timeout: PASSPHRASE_WORK })

    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('button', { name: 'Change the passphrase…' }).click()
    const change = page.getByRole('dialog', { name: 'Change the passphrase' })
    await change.getByLabel('Passphrase now').fill(NEXT)
    await change.getByLabel('New passphrase').fill(NEXT)
    await change.getByLabel('The new one once more').fill(NEXT)
    await change.getByRole('button', { name: 'Change it' }).click()
    await expect(change.getByRole('alert')).toContainText('does not open', { timeout: PASSPHRASE_WORK })
    await change.getByLabel('Passphrase now').fill(FIRST)
    await change.getByRole('button', { name: 'Change it' }).click()
    await expect(notices(page).getByText('The passphrase is changed')).toBeVisible({ timeout: PASSPHRASE_WORK })
  } finally {
    await window.close()
  }
})
