import { join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { bucketOf } from './support/outside.ts'
import { drop, limitUploads, openBucket, openTransfers, row, seal, transfersBar, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

/** MB a second; a part of a big file is 8 MB. */
const SLOWLY = '1'
const AT_ONCE = ''

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
  const size = 30_000_000
  const film = noise(size, 'film')
  await writeFiles(window.person, { 'film.bin': film, 'second.bin': noise(size, 'second') })
  await tryHere(page)
  const bucket = await bucketOf(window)
  await limitUploads(page, SLOWLY)
  await openBucket(page, 'vault')

  await drop(page, join(window.person, 'film.bin'))
  await seal(page, 'SSE-S3')
  const bar = transfersBar(page)
  await expect(bar.getByText(/of 30 MB/)).toBeVisible()
  await expect.poll(() => bucket.uploads()).toHaveLength(1)
  await bar.getByRole('button', { name: 'Pause', exact: true }).click()
  await expect(bar.getByText('Paused', { exact: true })).toBeVisible()
  const list = await openTransfers(page)
  await expect(list.getByText(/^Paused at .* of 30 MB$/)).toBeVisible()
  expect(await bucket.names()).toEqual([])

  await limitUploads(page, AT_ONCE)
  await openBucket(page, 'vault')
  await list.getByRole('button', { name: 'Resume' }).click()
  await expect(row(page, 'film.bin')).toBeVisible({ timeout: 30_000 })
  expect(await bucket.sha256('film.bin')).toBe(bucket.digest(film))
  expect(await bucket.uploads()).toEqual([])

  await limitUploads(page, SLOWLY)
  await openBucket(page, 'vault')
  await drop(page, join(window.person, 'second.bin'))
  await seal(page, 'SSE-S3')
  await expect.poll(() => bucket.uploads()).toHaveLength(1)
  await list.getByRole('button', { name: 'Cancel' }).first().click()
  await expect(list.getByText('Cancelled. Nothing was left behind.')).toBeVisible()
  await expect.poll(() => bucket.uploads()).toEqual([])
  expect(await bucket.names()).toEqual(['film.bin'])
})
