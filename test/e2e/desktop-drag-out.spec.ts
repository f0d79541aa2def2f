import type { ElectronApplication, Page } from '@playwright/test'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { openDesktop } from './support/desktop.ts'
import { notices, openBucket, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

interface Begun {
  file: string
  iconWidth: number
}

/** In the app's main process: the drags that the system would have begun; here nobody lets go of them. */
type Recording = typeof globalThis & { begun?: Begun[] }

async function recordDrags(app: ElectronApplication): Promise<() => Promise<Begun[]>> {
  await app.evaluate(({ BrowserWindow }) => {
    const begun: Begun[] = []
    ;(globalThis as Recording).begun = begun
    const [window] = BrowserWindow.getAllWindows()
    if (window === undefined) throw new Error('there is no window')
    window.webContents.startDrag = ({ file, icon }) => {
      if (typeof icon === 'string') throw new Error('the icon is a path')
      begun.push({ file, iconWidth: icon.getSize().width })
    }
  })
  return () => app.evaluate(() => (globalThis as Recording).begun ?? [])
}

/** Presses the button on a row and moves it far enough for a drag. */
async function press(page: Page, name: string): Promise<void> {
  const box = await row(page, name).boundingBox()
  if (box === null) throw new Error(`${name} is not on the screen`)
  const [x, y] = [box.x + 120, box.y + box.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 30, y + 60, { steps: 4 })
}

async function limitDownloads(page: Page, limit: string): Promise<void> {
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByLabel('Download limit, MB/s').fill(limit)
  await page.getByRole('button', { name: 'Set the limits' }).click()
  await expect(notices(page).getByText('The limit holds from now on').last()).toBeVisible()
  await openBucket(page, 'vault')
}

test('a file is dragged out whole, whatever its kind, and a large one at the second try', async () => {
  const window = await openDesktop()
  try {
    const { app, page, person } = window
    const film = noise(3_000_000, 'film')
    await writeFiles(person, { 'letter.bin': Buffer.from('a letter'), 'film.bin': film })
    await tryHere(page)
    const files = ['letter.bin', 'film.bin'].map((name) => join(person, name))
    await window.chooseFiles(files, () => page.getByRole('button', { name: 'Add files' }).first().click())
    await seal(page, 'CSE-KMS')
    await expect(row(page, 'film.bin')).toBeVisible()
    const begun = await recordDrags(app)

    await press(page, 'letter.bin')
    await expect.poll(begun).toHaveLength(1)
    await page.mouse.up()
    const [letter] = await begun()
    expect(letter?.iconWidth, 'the system has no icon for it').toBeGreaterThan(0)
    expect(await readFile(letter?.file ?? '', 'utf8')).toBe('a letter')
    expect((await stat(dirname(letter?.file ?? ''))).mode & 0o777).toBe(0o700)

    await limitDownloads(page, '0.5')
    await press(page, 'film.bin')
    await page.mouse.up()
    await expect(notices(page).getByText('Getting “film.bin” ready. Drag it again when it is.')).toBeVisible()
    await expect(notices(page).getByText('“film.bin” is ready. Drag it again.')).toBeVisible({ timeout: 30_000 })
    expect(await begun(), 'no drag begins without a button').toHaveLength(1)
    await press(page, 'film.bin')
    await expect.poll(begun).toHaveLength(2)
    await page.mouse.up()
    const file = (await begun())[1]?.file ?? ''
    expect((await readFile(file)).equals(film)).toBe(true)

    await app.close()
    expect(existsSync(file), 'nothing that was decrypted for a drag is left').toBe(false)
  } finally {
    await window.close()
  }
})
