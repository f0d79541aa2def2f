import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { details, drop, openBucket, row, saveDecrypted, saveInto, seal, tryHere, type Mode } from './support/person.ts'
import { expect, test } from './support/test.ts'

const MODES: { mode: Mode; kit?: 'save' | 'decline'; actors: string[] }[] = [
  { mode: 'SSE-S3', actors: ['S3'] },
  { mode: 'SSE-KMS', actors: ['S3', 'KMS'] },
  { mode: 'SSE-C', kit: 'save', actors: ['This computer', 'S3'] },
  { mode: 'CSE-KMS', actors: ['This computer', 'KMS'] },
  { mode: 'CSE-C', kit: 'save', actors: ['This computer'] },
]

test('from the first start to a file sealed and recovered, in each of the five modes', async ({ page, window }) => {
  const contents = MODES.map(({ mode }) => [`${mode}.bin`, noise(300_000, mode)] as const)
  await writeFiles(window.person, Object.fromEntries(contents))
  const folder = join(window.person, 'Saved')
  await mkdir(folder)

  await tryHere(page)
  await expect(page.getByRole('heading', { name: 'Nothing here yet' })).toBeVisible()
  await saveInto(page, folder)
  await openBucket(page, 'vault')

  for (const [at, { mode, kit, actors }] of MODES.entries()) {
    const [name = '', bytes = Buffer.alloc(0)] = contents[at] ?? []
    await test.step(mode, async () => {
      await drop(page, join(window.person, name))
      await seal(page, mode, kit === undefined ? {} : { kit })
      await expect(row(page, name).getByRole('gridcell', { name: mode, exact: true })).toBeVisible()
      await saveDecrypted(page, name, { folder, bytes })

      const journey = details(page).getByRole('region', { name: 'Key journey' })
      for (const actor of actors) await expect(journey.getByText(`${actor}: `).first()).toBeAttached()
      expect(await journey.getByRole('listitem').count()).toBeGreaterThan(2)
    })
  }
  // SSE-C and CSE-C got a key each, and their kits are where they were saved, each with its sheet.
  const kit = (await readdir(folder)).filter((name) => name.startsWith('Coffer recovery kit'))
  expect(kit.map((name) => name.slice(name.lastIndexOf('.'))).sort()).toEqual(['.age', '.age', '.html', '.html'])
})

test('a person who wants no recovery kit may go on without, and is told what that means', async ({ page, window }) => {
  await writeFiles(window.person, { 'one.txt': Buffer.from('one'), 'two.txt': Buffer.from('two') })
  await tryHere(page)
  await drop(page, join(window.person, 'one.txt'))
  await seal(page, 'CSE-C', { kit: 'decline' })
  await expect(row(page, 'one.txt')).toBeVisible()

  await drop(page, join(window.person, 'two.txt'))
  await expect(page.getByText('It has no recovery kit: losing this computer loses the files.')).toBeVisible()
  // The second time, dropping and Enter are enough.
  await expect(page.getByRole('radio', { name: 'CSE-C' })).toBeChecked()
  await page.keyboard.press('Enter')
  await expect(row(page, 'two.txt').getByRole('gridcell', { name: 'CSE-C', exact: true })).toBeVisible()

  await page.getByRole('link', { name: 'Keys' }).click()
  await expect(page.getByText(/^One key has no recovery kit/)).toBeVisible()
})
