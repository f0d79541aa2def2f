import { GetBucketEncryptionCommand, PutBucketEncryptionCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { writeFiles } from '../support/files.ts'
import { bucketOf } from './support/outside.ts'
import { details, drop, notices, openBucket, row, runCommand, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

const settings = (page: Page) => page.getByRole('dialog', { name: 'Settings of “vault”' })
const removedFiles = (page: Page) => page.getByRole('region', { name: 'Removed files' })

test('a bucket’s settings are shown and changed, from its header, its menu and the palette', async ({
  page,
  window,
}) => {
  await writeFiles(window.person, { 'letter.txt': Buffer.from('dear Ann') })
  await tryHere(page)
  const { s3 } = await bucketOf(window)
  const rule = async () => {
    const answer = await s3.send(new GetBucketEncryptionCommand({ Bucket: 'vault' }))
    return answer.ServerSideEncryptionConfiguration?.Rules?.[0]
  }
  await drop(page, join(window.person, 'letter.txt'))
  await seal(page, 'SSE-KMS')
  await expect(row(page, 'letter.txt')).toBeVisible()

  await test.step('default encryption', async () => {
    await page.getByRole('button', { name: 'Settings of vault' }).click()
    const part = settings(page).getByRole('region', { name: 'Default encryption' })
    await expect(part.getByRole('radio', { name: 'SSE-S3' })).toBeChecked()
    await expect(part.getByRole('button', { name: 'Set the default' })).toBeDisabled()
    await part.getByText('SSE-KMS', { exact: true }).click()
    await part.getByLabel('KMS key').selectOption({ index: 1 })
    await part.getByLabel('Use an S3 bucket key').check()
    await part.getByRole('button', { name: 'Set the default' }).click()
    await expect.poll(rule).toMatchObject({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: expect.stringMatching(/^arn:/) },
      BucketKeyEnabled: true,
    })
    await page.keyboard.press('Escape')
    await expect(settings(page)).toBeHidden()
  })

  await test.step('versions', async () => {
    const places = page.getByRole('navigation', { name: 'Places' })
    await places.getByRole('link', { name: 'vault', exact: true }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Settings…' }).click()
    const part = settings(page).getByRole('region', { name: 'Versions' })
    await expect(part.getByText('keeps no versions')).toBeVisible()
    await part.getByRole('button', { name: 'Keep versions' }).click()
    await expect(part.getByText('This bucket keeps versions')).toBeVisible()
    await part.getByRole('button', { name: 'Keep no more versions' }).click()
    await expect(part.getByText('keeps no more')).toBeVisible()
    await settings(page).getByRole('button', { name: 'Close' }).click()
  })

  await test.step('SSE-C is refused, by name, and allowed from where it was refused', async () => {
    await runCommand(page, 'Settings of vault')
    const part = settings(page).getByRole('region', { name: 'SSE-C' })
    await part.getByRole('button', { name: 'Refuse SSE-C' }).click()
    await expect(part.getByText('This bucket refuses uploads under SSE-C')).toBeVisible()
    expect((await rule())?.BlockedEncryptionTypes?.EncryptionType).toEqual(['SSE-C'])
    await page.keyboard.press('Escape')

    await writeFiles(window.person, { 'own.txt': Buffer.from('mine alone') })
    await drop(page, join(window.person, 'own.txt'))
    const sheet = page.getByRole('dialog', { name: /^Seal / })
    await expect(sheet.getByText('This bucket refuses SSE-C. CSE-C works here.')).toBeVisible()
    await sheet.getByRole('button', { name: 'Settings of vault' }).click()
    await part.getByRole('button', { name: 'Allow SSE-C' }).click()
    await expect(part.getByText('This bucket takes uploads under SSE-C')).toBeVisible()
    await settings(page).getByRole('button', { name: 'Close' }).click()
    await expect(sheet.getByText('This bucket refuses SSE-C. CSE-C works here.')).toBeHidden()
    await seal(page, 'SSE-C', { kit: 'decline' })
    await expect(row(page, 'own.txt')).toBeVisible()
  })
})

test('an upload that a bucket refuses leads to the setting that refused it', async ({ page, window }) => {
  await writeFiles(window.person, { 'first.txt': Buffer.from('1'), 'second.txt': Buffer.from('2') })
  await tryHere(page)
  await drop(page, join(window.person, 'first.txt'))
  await seal(page, 'SSE-C', { kit: 'decline' })
  await expect(row(page, 'first.txt')).toBeVisible()
  // The sheet is open already when somebody blocks SSE-C.
  await drop(page, join(window.person, 'second.txt'))
  const sheet = page.getByRole('dialog', { name: /^Seal / })
  await expect(sheet.getByRole('radio', { name: 'SSE-C', exact: true })).toBeChecked()
  const { s3 } = await bucketOf(window)
  const Rules = [
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const },
      BlockedEncryptionTypes: { EncryptionType: ['SSE-C' as const] },
    },
  ]
  await s3.send(new PutBucketEncryptionCommand({ Bucket: 'vault', ServerSideEncryptionConfiguration: { Rules } }))
  await sheet.getByRole('button', { name: /^Seal / }).click()

  // It opens by itself.
  const list = page.getByRole('region', { name: 'Transfers list' })
  await expect(list.getByText(/takes no objects under SSE-C/)).toBeVisible()
  await list.getByRole('button', { name: 'Settings of vault' }).click()
  await settings(page).getByRole('button', { name: 'Allow SSE-C' }).click()
  await expect(settings(page).getByText('This bucket takes uploads under SSE-C')).toBeVisible()
  await settings(page).getByRole('button', { name: 'Close' }).click()
  await list.getByRole('button', { name: 'Try again' }).first().click()
  await expect(row(page, 'second.txt')).toBeVisible()
})

test('removed files are listed in their folder and brought back; the sidebar counts what is known', async ({
  page,
  window,
}) => {
  await writeFiles(window.person, {
    'case/deep/annex.txt': Buffer.from('annex'),
    'case/one.txt': Buffer.from('one'),
    'two.txt': Buffer.from('two'),
  })
  await tryHere(page)
  const { s3 } = await bucketOf(window)
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await s3.send(new PutBucketVersioningCommand({ Bucket: 'vault', VersioningConfiguration }))
  await drop(page, join(window.person, 'case'), join(window.person, 'two.txt'))
  await seal(page, 'CSE-KMS')
  await expect(row(page, 'two.txt')).toBeVisible()
  const places = page.getByRole('navigation', { name: 'Places' })
  await expect(places.getByText(/^3 files · /)).toBeVisible()

  await page.getByRole('button', { name: 'Show removed files' }).click()
  await expect(removedFiles(page).getByText(/^Nothing that could be brought back/)).toBeVisible()
  for (const name of ['two.txt', 'case']) {
    await row(page, name).click()
    await details(page).getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await expect(row(page, name)).toBeHidden()
  }
  await expect(places.getByText(/^0 files · /)).toBeVisible()

  await removedFiles(page).getByRole('button', { name: 'Versions of two.txt' }).click()
  await removedFiles(page).getByRole('button', { name: 'Preview' }).click()
  await expect(page.getByLabel('Content of two.txt')).toHaveText('two')
  await page.keyboard.press('Escape')
  await removedFiles(page).getByRole('button', { name: 'Restore two.txt' }).click()
  await expect(row(page, 'two.txt')).toBeVisible()

  // A folder of which all was removed can be gone into, and stays open to what was removed.
  await removedFiles(page).getByRole('link', { name: 'case/' }).click()
  await expect(page.getByRole('grid', { name: 'Files in vault / case' })).toBeVisible()
  await removedFiles(page).getByRole('button', { name: 'Restore one.txt' }).click()
  await row(page, 'one.txt').dblclick()
  await expect(page.getByLabel('Content of one.txt')).toHaveText('one')
  await page.keyboard.press('Escape')
  await removedFiles(page).getByRole('link', { name: 'deep/' }).click()
  await expect(removedFiles(page).getByText('annex.txt')).toBeVisible()

  // All of a folder, and of the folders in it, at once.
  await openBucket(page, 'vault')
  await row(page, 'case').click()
  await page.keyboard.press('Delete')
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await removedFiles(page).getByRole('button', { name: 'Restore case/' }).click()
  await page.getByRole('dialog', { name: 'Restore all of “case”?' }).getByRole('button', { name: 'Restore' }).click()
  await expect(notices(page).getByText('2 files are back in “case”')).toBeVisible()
  await row(page, 'case').dblclick()
  await expect(row(page, 'one.txt')).toBeVisible()
  await row(page, 'deep').dblclick()
  await row(page, 'annex.txt').dblclick()
  await expect(page.getByLabel('Content of annex.txt')).toHaveText('annex')
  await page.keyboard.press('Escape')
  await removedFiles(page).getByRole('button', { name: 'Hide removed files' }).click()
  await expect(removedFiles(page)).toBeHidden()
})

test('after a preview, and after a file was saved, its journey is what really happened', async ({ page, window }) => {
  await writeFiles(window.person, { 'sealed.txt': Buffer.from('sealed'), 'plain.txt': Buffer.from('plain') })
  await tryHere(page)
  await drop(page, join(window.person, 'sealed.txt'))
  await seal(page, 'CSE-KMS')
  await row(page, 'sealed.txt').click()
  const journey = details(page).getByRole('region', { name: 'Key journey' })
  await expect(journey.getByRole('heading', { name: 'What will happen to its keys when it is read' })).toBeVisible()
  await page.keyboard.press('Space')
  const preview = page.getByRole('dialog', { name: 'sealed.txt' })
  await expect(preview.getByText(/Decrypted on this computer, and proven here/)).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(journey.getByRole('heading', { name: /^What happened to its keys, today/ })).toBeVisible()
  await expect(journey.getByText(/request \w/).first()).toBeVisible()

  await drop(page, join(window.person, 'plain.txt'))
  await seal(page, 'SSE-S3')
  await row(page, 'plain.txt').click()
  await expect(journey.getByRole('heading', { name: /^What will happen/ })).toBeVisible()
  await details(page).getByRole('button', { name: 'Save decrypted' }).click()
  await expect(notices(page).getByText(/^Saved 1 file from/)).toBeVisible()
  await expect(journey.getByRole('heading', { name: /^What happened to its keys, today/ })).toBeVisible()
  await row(page, 'plain.txt').dblclick()
  await expect(page.getByRole('dialog').getByText(/Decrypted by S3\. This computer compared it/)).toBeVisible()
})
