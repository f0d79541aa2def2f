import { join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { bucketOf } from './support/outside.ts'
import { drop, limitUploads, openTransfers, row, seal, transfersBar, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

test('a file that is there already is asked about: skipped, kept beside, or replaced', async ({ page, window }) => {
  const path = join(window.person, 'letter.txt')
  const write = (text: string) => writeFiles(window.person, { 'letter.txt': Buffer.from(text) })
  await tryHere(page)
  await write('first')
  await drop(page, path)
  await seal(page, 'SSE-S3')
  await expect(row(page, 'letter.txt')).toBeVisible()

  const bucket = await bucketOf(window)
  const put = async (text: string, answer: string): Promise<void> => {
    await write(text)
    await drop(page, path)
    await seal(page, 'SSE-S3')
    const list = page.getByRole('region', { name: 'Transfers list' })
    await expect(list.getByText('1 file already there.')).toBeVisible()
    await list.getByRole('button', { name: answer }).click()
    await expect(list.getByText('1 file already there.')).toBeHidden()
  }

  await put('second', 'Skip it')
  expect(await bucket.contents()).toEqual({ 'letter.txt': 'first' })

  await put('third', 'Keep both')
  await expect.poll(() => bucket.contents()).toEqual({ 'letter.txt': 'first', 'letter (2).txt': 'third' })
  await expect(row(page, 'letter (2).txt')).toBeVisible()

  await put('fourth', 'Replace it')
  await expect.poll(() => bucket.contents()).toEqual({ 'letter.txt': 'fourth', 'letter (2).txt': 'third' })
})

test('a big upload is paused, goes on and is cancelled, and nothing is left of it', async ({ page, window }) => {
  const size = 40_000_000
  await writeFiles(window.person, { 'film.bin': noise(size, 'film'), 'second.bin': noise(size, 'second') })
  await tryHere(page)
  const bucket = await bucketOf(window)
  await limitUploads(page, '8')
  await page.goBack()

  await drop(page, join(window.person, 'film.bin'))
  await seal(page, 'SSE-S3')
  const bar = transfersBar(page)
  await expect(bar.getByText(/MB of 40 MB/)).toBeVisible()
  await expect.poll(() => bucket.uploads()).toHaveLength(1)

  await bar.getByRole('button', { name: 'Pause', exact: true }).click()
  await expect(bar.getByText('Paused', { exact: true })).toBeVisible()
  const list = await openTransfers(page)
  await expect(list.getByText(/^Paused at .* of 40 MB$/)).toBeVisible()
  expect(await bucket.names()).toEqual([])

  await list.getByRole('button', { name: 'Resume' }).click()
  await expect(list.getByText(/MB\/s/)).toBeVisible()
  await expect(row(page, 'film.bin')).toBeVisible({ timeout: 30_000 })
  expect(await bucket.sha256('film.bin')).toBe(bucket.digest(noise(size, 'film')))

  await drop(page, join(window.person, 'second.bin'))
  await seal(page, 'SSE-S3')
  await expect.poll(() => bucket.uploads()).toHaveLength(1)
  await list.getByRole('button', { name: 'Cancel' }).first().click()
  await expect(list.getByText('Cancelled. Nothing was left behind.')).toBeVisible()
  await expect.poll(() => bucket.uploads()).toEqual([])
  expect(await bucket.names()).toEqual(['film.bin'])
})
