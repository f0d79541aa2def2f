import { PutBucketVersioningCommand, PutObjectCommand, HeadObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { bucketOf } from './support/outside.ts'
import { chooseMode, details, drop, notices, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'
import { isAlive, thisComputer } from './support/window.ts'

test('a folder gets another mode, and a file that was removed comes back', async ({ page, window }) => {
  await writeFiles(window.person, {
    'case/one.txt': Buffer.from('one'),
    'case/two.txt': Buffer.from('two'),
    'diary.txt': Buffer.from('monday'),
  })
  await tryHere(page)
  const { s3 } = await bucketOf(window)
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await s3.send(new PutBucketVersioningCommand({ Bucket: 'vault', VersioningConfiguration }))
  await drop(page, join(window.person, 'case'), join(window.person, 'diary.txt'))
  await seal(page, 'SSE-S3')
  await expect(row(page, 'diary.txt')).toBeVisible()

  await test.step('another mode for a whole folder', async () => {
    await row(page, 'case').click()
    await details(page).getByRole('button', { name: 'Change mode' }).click()
    const dialog = page.getByRole('dialog', { name: /^Change the mode of “case”/ })
    await chooseMode(dialog, 'CSE-KMS')
    await dialog.getByRole('button', { name: 'Change to CSE-KMS' }).click()
    await expect(notices(page).getByText('2 files under CSE-KMS now')).toBeVisible()
    await row(page, 'case').dblclick()
    for (const name of ['one', 'two']) {
      await expect(row(page, `${name}.txt`).getByRole('gridcell', { name: 'CSE-KMS', exact: true })).toBeVisible()
      await row(page, `${name}.txt`).dblclick()
      await expect(page.getByLabel(`Content of ${name}.txt`)).toHaveText(name)
      await page.keyboard.press('Escape')
    }
    await page.goBack()
  })

  await test.step('removed, and brought back', async () => {
    await row(page, 'diary.txt').click()
    await details(page).getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await expect(notices(page).getByText('Removed 1 file')).toBeVisible()
    await expect(row(page, 'diary.txt')).toBeHidden()
    await notices(page).getByRole('button', { name: 'Undo' }).click()
    await row(page, 'diary.txt').dblclick()
    await expect(page.getByLabel('Content of diary.txt')).toHaveText('monday')
    await page.keyboard.press('Escape')
    await row(page, 'diary.txt').click()
    await details(page).getByRole('button', { name: 'Show versions' }).click()
    await expect(details(page).getByText(/· latest$/)).toBeVisible()
  })
})

test('what somebody changed in the bucket is not shown and not saved', async ({ page, window }) => {
  await writeFiles(window.person, { 'sealed.bin': noise(50_000, 'sealed') })
  await tryHere(page)
  await drop(page, join(window.person, 'sealed.bin'))
  await seal(page, 'CSE-KMS')
  await expect(row(page, 'sealed.bin')).toBeVisible()
  const { s3 } = await bucketOf(window)
  const one = { Bucket: 'vault', Key: 'sealed.bin' }
  const { Metadata } = await s3.send(new HeadObjectCommand(one))
  const { Body } = await s3.send(new GetObjectCommand(one))
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? [])
  bytes[20_000] = (bytes[20_000] ?? 0) ^ 1
  await s3.send(new PutObjectCommand({ ...one, Body: bytes, Metadata }))
  await page.reload()

  await row(page, 'sealed.bin').dblclick()
  const preview = page.getByRole('dialog', { name: 'sealed.bin' })
  await expect(preview.getByRole('alert')).toBeVisible()
  await page.keyboard.press('Escape')
  await details(page).getByRole('button', { name: 'Verify' }).click()
  await expect(page.getByRole('dialog', { name: 'Verified' }).getByRole('alert')).toBeVisible()
  await page.getByRole('button', { name: 'Done' }).click()
  await details(page).getByRole('button', { name: 'Save decrypted' }).click()
  const list = page.getByRole('region', { name: 'Transfers list' })
  await expect(list.getByText(/changed|not what|tag/i).first()).toBeVisible()
  expect(await readdir(join(window.person, 'Downloads'))).toEqual([])
})

test('when the server is killed, the next thing that is asked of it works', async ({ page, window }) => {
  await writeFiles(window.person, { 'kept.txt': Buffer.from('kept') })
  await tryHere(page)
  await drop(page, join(window.person, 'kept.txt'))
  await seal(page, 'SSE-S3')
  await expect(row(page, 'kept.txt')).toBeVisible()

  const server = await thisComputer(window.home)
  if (server === null) throw new Error('This computer does not run')
  process.kill(server.pid, 'SIGKILL')
  await expect.poll(() => isAlive(server.pid)).toBe(false)

  await row(page, 'kept.txt').dblclick()
  const content = page.getByLabel('Content of kept.txt')
  const again = page.getByRole('dialog').getByRole('button', { name: 'Try again' })
  await expect(content.or(again)).toBeVisible()
  if (await again.isVisible()) await again.click()
  await expect(content).toHaveText('kept')
})
