import { join } from 'node:path'
import { writeFiles } from '../support/files.ts'
import { details, drop, openBucket, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

test('a KMS key that is turned off locks its files, says so, and gives them back when it is on', async ({
  page,
  window,
}) => {
  await writeFiles(window.person, { 'deed.txt': Buffer.from('the house is theirs') })
  await tryHere(page)
  await drop(page, join(window.person, 'deed.txt'))
  await seal(page, 'SSE-KMS')
  await expect(row(page, 'deed.txt')).toBeVisible()

  await page.getByRole('link', { name: 'Keys', exact: true }).click()
  await page.getByRole('link', { name: 'KMS keys' }).click()
  const key = page.getByRole('list', { name: 'KMS keys' }).getByRole('article').first()
  await key.getByRole('button', { name: 'Disable' }).click()
  await expect(key.getByRole('button', { name: 'Enable' })).toBeVisible()

  await openBucket(page, 'vault')
  await row(page, 'deed.txt').dblclick()
  const preview = page.getByRole('dialog', { name: 'deed.txt' })
  await expect(preview.getByRole('alert').getByText(/is disabled/)).toBeVisible()
  await expect(preview.getByText('the house is theirs')).toBeHidden()
  await preview.getByRole('button', { name: 'Enable the KMS key' }).click()
  await expect(page.getByLabel('Content of deed.txt')).toHaveText('the house is theirs')
  await page.keyboard.press('Escape')

  await details(page).getByRole('button', { name: 'Verify' }).click()
  await expect(page.getByText('1 file proven whole')).toBeVisible()
  await page.keyboard.press('Escape')

  await page.getByRole('link', { name: 'Activity' }).click()
  const did = (words: string) => page.getByRole('row').filter({ hasText: words }).first()
  await expect(did('Verified deed.txt')).toBeVisible()
  await expect(did('Looked at deed.txt in vault')).toBeVisible()
  await expect(did('Could not show deed.txt').getByText('The KMS key was turned off')).toBeVisible()
  await did('Sealed deed.txt').getByRole('link', { name: 'deed.txt' }).click()
  await expect(page.getByRole('grid', { name: 'Files in vault' })).toBeVisible()
})
