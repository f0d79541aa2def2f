import { PutObjectCommand } from '@aws-sdk/client-s3'
import { join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { bucketOf } from './support/outside.ts'
import { pdfOf } from './support/pdf.ts'
import { details, drop, expectFile, names, notices, row, seal, search, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

/** One red point. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
)

test('a folder keeps its structure, and is walked, sorted, searched, looked into and saved', async ({
  page,
  window,
}) => {
  const files = {
    'papers/2026/contract.txt': Buffer.from('The undersigned agree.'),
    'papers/2026/deep/annex.bin': noise(70_000, 'annex'),
    'papers/a-large.bin': noise(200_000, 'large'),
    'papers/b-small.txt': Buffer.from('small'),
    'papers/point.png': PNG,
    'papers/terms.pdf': pdfOf(2),
  }
  await writeFiles(window.person, files)
  await tryHere(page)
  await drop(page, join(window.person, 'papers'))
  await expect(page.getByRole('dialog', { name: 'Seal 6 files into vault' })).toBeVisible()
  await seal(page, 'SSE-S3')

  await test.step('walk', async () => {
    await row(page, 'papers').dblclick()
    await expect(page.getByRole('grid', { name: 'Files in vault / papers' })).toBeVisible()
    await expect.poll(() => names(page)).toEqual(['2026', 'a-large.bin', 'b-small.txt', 'point.png', 'terms.pdf'])
    await row(page, '2026').dblclick()
    await expect.poll(() => names(page)).toEqual(['deep', 'contract.txt'])
    const path = page.getByRole('navigation', { name: 'Path' })
    await expect(path.getByRole('listitem')).toHaveText(
      ['vault/', 'papers/', '2026'].map((step) => new RegExp(step.replace('/', '\\s*/'))),
    )
    await page.goBack()
    await expect(page.getByRole('grid', { name: 'Files in vault / papers' })).toBeVisible()
    await page.goForward()
    await expect(row(page, 'contract.txt')).toBeVisible()
    await path.getByRole('link', { name: 'papers' }).click()
    await expect(row(page, 'point.png')).toBeVisible()
    // Of a deeper path the middle is behind a button.
    await row(page, '2026').dblclick()
    await row(page, 'deep').dblclick()
    await expect(row(page, 'annex.bin')).toBeVisible()
    await expect(path.getByRole('link')).toHaveText(['vault', '2026'])
    await path.getByRole('button', { name: 'Folders between' }).click()
    await page.getByRole('menuitem', { name: 'papers' }).click()
    await expect(row(page, 'point.png')).toBeVisible()
  })

  await test.step('sort', async () => {
    await page.getByRole('button', { name: 'Size' }).click()
    await expect(page.getByRole('columnheader', { name: 'Size' })).toHaveAttribute('aria-sort', 'descending')
    await expect.poll(() => names(page)).toEqual(['2026', 'a-large.bin', 'terms.pdf', 'point.png', 'b-small.txt'])
    await page.getByRole('button', { name: 'Name' }).click()
    await expect.poll(() => names(page)).toEqual(['2026', 'a-large.bin', 'b-small.txt', 'point.png', 'terms.pdf'])
  })

  await test.step('look into', async () => {
    await row(page, 'point.png').dblclick()
    const dialog = page.getByRole('dialog', { name: 'point.png' })
    await expect(dialog.getByRole('img', { name: 'point.png' })).toHaveJSProperty('naturalWidth', 1)
    await expect(
      dialog.getByText('Decrypted by S3. This computer compared it with the checksum that S3 keeps'),
    ).toBeVisible()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await row(page, 'terms.pdf').dblclick()
    for (const number of [1, 2]) {
      await expect(page.getByRole('img', { name: `Page ${number} of terms.pdf` })).toHaveJSProperty('tagName', 'CANVAS')
    }
    await expect(page.getByText('Drawing its pages…')).toBeHidden()
    await page.keyboard.press('Escape')
    await row(page, 'a-large.bin').dblclick()
    await expect(page.getByRole('dialog').getByText('There is no preview of this kind of file')).toBeVisible()
    await page.keyboard.press('Escape')
    await row(page, 'b-small.txt').dblclick()
    await expect(page.getByLabel('Content of b-small.txt')).toHaveText('small')
    await page.keyboard.press('Escape')
  })

  await test.step('search', async () => {
    await page.getByRole('navigation', { name: 'Path' }).getByRole('link', { name: 'vault' }).click()
    await expect(page.getByRole('grid', { name: 'Files in vault', exact: true })).toBeVisible()
    await search(page, 'contract')
    await expect.poll(() => names(page)).toEqual(['papers/2026/contract.txt'])
    await search(page, 'no such thing')
    await expect(page.getByRole('heading', { name: 'Nothing by that name' })).toBeVisible()
    await search(page, '')
    await expect(row(page, 'papers')).toBeVisible()
  })

  await test.step('save the folder', async () => {
    await row(page, 'papers').click()
    await details(page).getByRole('button', { name: 'Save decrypted' }).click()
    await expect(notices(page).getByText(/^Saved 6 files from vault/)).toBeVisible()
    for (const [name, bytes] of Object.entries(files)) await expectFile(join(window.person, 'Downloads', name), bytes)
  })
})

test('what a name, its metadata or its content says is shown and never run', async ({ page, window }) => {
  const attack = (from: string): string => `<img src=x onerror="complain('ran: ${from}')">`
  const script = `<script>complain('ran: content')</script>${attack('content')}`
  await tryHere(page)
  const { s3 } = await bucketOf(window)
  const key = `${attack('name').replaceAll('/', '')}.html`
  await s3.send(
    new PutObjectCommand({
      Bucket: 'vault',
      Key: key,
      Body: script,
      ContentType: 'text/html',
      Metadata: { note: attack('metadata') },
    }),
  )
  await s3.send(new PutObjectCommand({ Bucket: 'vault', Key: `${attack('folder')}/in.svg`, Body: script }))
  await page.reload()

  await expect.poll(() => names(page)).toEqual([attack('folder'), key])
  await row(page, key).click()
  await expect(details(page).getByRole('heading', { name: key })).toBeVisible()
  await details(page).getByRole('button', { name: 'Show versions' }).click()
  await details(page).getByRole('button', { name: 'Preview' }).first().click()
  await expect(page.getByRole('dialog').locator('pre')).toHaveText(script)
  await page.keyboard.press('Escape')
  await search(page, 'onerror')
  await expect(row(page, key)).toBeVisible()
  await search(page, '')
  await row(page, attack('folder')).dblclick()
  await row(page, 'in.svg').dblclick()
  await expect(page.getByRole('dialog').locator('pre')).toHaveText(script)

  const [policy] = await Promise.all([
    page
      .waitForResponse((answer) => answer.url() === window.address)
      .then((answer) => answer.headerValue('content-security-policy')),
    page.reload(),
  ])
  expect(policy).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
      "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  )
})
