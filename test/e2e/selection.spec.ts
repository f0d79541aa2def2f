import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { awsEnv } from '../support/computer.ts'
import { writeFiles } from '../support/files.ts'
import { startMoto } from '../support/moto.ts'
import { bucketAt, bucketOf, refuseUnknownKeys, type Bucket } from './support/outside.ts'
import { chooseMode, connectTo, details, drop, notices, openBucket, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

/** More than the window asks the catalog for at once. */
const MANY = 230
const nameOf = (at: number): string => `letter-${String(at).padStart(3, '0')}.txt`

async function putLetters({ s3 }: Bucket, count: number): Promise<void> {
  const put = (at: number) => s3.send(new PutObjectCommand({ Bucket: 'vault', Key: nameOf(at), Body: `letter ${at}` }))
  await Promise.all(Array.from({ length: count }, (_, at) => put(at)))
}

test('all of a folder is chosen, also what was never on the screen: saved, changed and removed', async ({
  page,
  window,
}) => {
  await tryHere(page)
  const bucket = await bucketOf(window)
  await putLetters(bucket, MANY)
  await page.reload()
  await row(page, nameOf(0)).click()
  await page.keyboard.press('ControlOrMeta+a')
  await expect(details(page).getByRole('heading', { name: `${MANY} items` })).toBeVisible()
  await expect(page.getByText(`${MANY} items chosen`)).toBeAttached()

  await test.step('one is left out', async () => {
    await row(page, nameOf(3)).click({ modifiers: ['ControlOrMeta'] })
    await expect(details(page).getByRole('heading', { name: `${MANY - 1} items` })).toBeVisible()
    await expect(row(page, nameOf(3))).toHaveAttribute('aria-selected', 'false')
  })
  await test.step('saved', async () => {
    await details(page).getByRole('button', { name: 'Save decrypted' }).click()
    await expect(notices(page).getByText(`Saved ${MANY - 1} files from vault`)).toBeVisible({ timeout: 60_000 })
    const saved = await readdir(join(window.person, 'Downloads'))
    expect(saved.sort()).toEqual(
      Array.from({ length: MANY }, (_, at) => nameOf(at)).filter((name) => name !== nameOf(3)),
    )
  })
  await test.step('changed', async () => {
    await details(page).getByRole('button', { name: 'Change mode' }).click()
    const dialog = page.getByRole('dialog', { name: `Change the mode of ${MANY - 1} items` })
    await chooseMode(dialog, 'SSE-KMS')
    await dialog.getByLabel('Name of the new key').fill('letters')
    await dialog.getByRole('button', { name: 'Change to SSE-KMS' }).click()
    await expect(notices(page).getByText(`${MANY - 1} files under SSE-KMS now`)).toBeVisible({ timeout: 90_000 })
    await expect(row(page, nameOf(4)).getByRole('gridcell', { name: 'SSE-KMS', exact: true })).toBeVisible()
  })
  await test.step('removed', async () => {
    await page.keyboard.press('Escape')
    await row(page, nameOf(0)).click()
    await page.keyboard.press('ControlOrMeta+a')
    await details(page).getByRole('button', { name: 'Remove' }).click()
    await page
      .getByRole('dialog', { name: `Remove ${MANY} items?` })
      .getByRole('button', { name: 'Remove' })
      .click()
    await expect(notices(page).getByText(`Removed ${MANY} files`)).toBeVisible()
    await expect(page.getByRole('heading', { name: 'Nothing here yet' })).toBeVisible()
    expect(await bucket.names()).toEqual([])
  })
})

test('a file that cannot be removed goes at once and comes back, and the person is told why', async ({ page }) => {
  const moto = await startMoto()
  try {
    const bucket = bucketAt(awsEnv(moto.endpoint, moto.endpoint, 'us-east-1', 'testing', 'testing'), 'vault')
    await bucket.s3.send(new CreateBucketCommand({ Bucket: 'vault' }))
    await putLetters(bucket, 2)
    await page.getByRole('button', { name: 'Connect a bucket' }).click()
    await connectTo(page, { endpoint: moto.endpoint, accessKeyId: 'testing', secretAccessKey: 'testing' })
    await page.getByRole('button', { name: 'Not now' }).click()
    await openBucket(page, 'vault')
    await row(page, nameOf(0)).click()
    await refuseUnknownKeys(moto.endpoint, true)
    await page.keyboard.press('Delete')
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await expect(notices(page).getByRole('alert')).toContainText(/access key|not allowed|signature/i)
    await expect(row(page, nameOf(0))).toBeVisible()
    await refuseUnknownKeys(moto.endpoint, false)
    expect(await bucket.names()).toEqual([nameOf(0), nameOf(1)])
  } finally {
    await moto.stop()
  }
})

test('where the window is narrow, details lie over the list, which keeps its columns', async ({ page, window }) => {
  await window.resize(900, 600)
  await writeFiles(window.person, { 'plan.txt': Buffer.from('the plan'), 'letter.txt': Buffer.from('dear') })
  await tryHere(page)
  await drop(page, join(window.person, 'plan.txt'), join(window.person, 'letter.txt'))
  await seal(page, 'SSE-S3')
  const grid = page.getByRole('grid', { name: 'Files in vault' })
  const width = async (): Promise<number | undefined> => (await grid.boundingBox())?.width
  const before = await width()
  await row(page, 'plan.txt').click()
  await expect(details(page).getByRole('heading', { name: 'plan.txt' })).toBeVisible()
  expect(await width()).toBe(before)
  for (const name of ['Name', 'Size', 'Changed']) await expect(page.getByRole('columnheader', { name })).toBeVisible()

  await details(page).getByRole('button', { name: 'Verify' }).focus()
  await page.keyboard.press('Escape')
  await expect(details(page)).toBeHidden()
  await expect(grid).toBeFocused()
  await page.keyboard.press('Home')
  await expect(details(page).getByRole('heading', { name: 'letter.txt' })).toBeVisible()
})
