import { cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newPerson } from '../support/coffer.ts'
import { startComputer } from '../support/computer.ts'
import { writeFiles } from '../support/files.ts'
import {
  PASSPHRASE_WORK,
  chooseMode,
  drop,
  notices,
  openBucket,
  row,
  saveKit,
  seal,
  tryHere,
} from './support/person.ts'
import { expect, test } from './support/test.ts'

const PASSPHRASE = 'seven horses run at night'

test('a key is made, kept in a kit, renamed, exported, deleted and brought back, and its file with it', async ({
  page,
  window,
}) => {
  const downloads = join(window.person, 'Downloads')
  await mkdir(downloads, { recursive: true })
  await writeFiles(window.person, { 'will.txt': Buffer.from('to my niece') })
  await tryHere(page)

  await page.getByRole('link', { name: 'Keys', exact: true }).click()
  await page.getByRole('button', { name: 'New key' }).first().click()
  const make = page.getByRole('dialog', { name: 'New key' })
  await make.getByLabel('Name').fill('family')
  await make.getByRole('button', { name: 'Make key' }).click()
  await saveKit(page, PASSPHRASE)
  const keys = page.getByRole('list', { name: 'Your keys' })
  await expect(keys.getByText(/^Kit saved today/)).toBeVisible()
  await expect(keys.getByText('Not used yet: its first use decides what it is for')).toBeVisible()
  const kit = (await readdir(downloads)).find((name) => name.endsWith('.age')) ?? ''
  expect(await readFile(join(downloads, kit), 'latin1')).toMatch(/^age-encryption\.org\/v1|^-----BEGIN AGE/)

  await openBucket(page, 'vault')
  await drop(page, join(window.person, 'will.txt'))
  await seal(page, 'CSE-C')
  await expect(row(page, 'will.txt')).toBeVisible()

  await test.step('a key that encrypts files here is not offered for SSE-C', async () => {
    await writeFiles(window.person, { 'other.txt': Buffer.from('to my nephew') })
    await drop(page, join(window.person, 'other.txt'))
    const sheet = page.getByRole('dialog', { name: /^Seal / })
    const choices = sheet.getByLabel('Your key').getByRole('option')
    await chooseMode(sheet, 'CSE-C')
    await expect(choices).toHaveText([/^family/, 'Make a new key'])
    await chooseMode(sheet, 'SSE-C')
    await expect(choices).toHaveText(['Make a new key'])
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await expect(keys.getByText('CSE-C', { exact: true })).toBeVisible()
  })

  await test.step('rename and export', async () => {
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByRole('button', { name: 'More for family' }).click()
    await page.getByRole('menuitem', { name: 'Rename' }).click()
    await page.getByLabel('Name', { exact: true }).fill('our family')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.getByRole('button', { name: 'More for our family' }).click()
    await page.getByRole('menuitem', { name: 'Export in plain' }).click()
    const dialog = page.getByRole('dialog', { name: 'Export “our family” in plain' })
    await expect(dialog.getByText('The file holds the key itself, without a passphrase')).toBeVisible()
    const plain = dialog.getByRole('button', { name: 'Export in plain' })
    await expect(plain).toBeDisabled()
    await dialog.getByLabel('To export it, type its name').fill('our family')
    await plain.click()
    await expect(notices(page).getByText('The key is exported, in plain')).toBeVisible()
    const exported = (await readFile(join(downloads, 'our family.key'), 'utf8')).trim()
    expect(Buffer.from(exported, 'base64')).toHaveLength(32)
  })

  await test.step('export once more: the file that is there is replaced, or another name is taken', async () => {
    await writeFiles(downloads, { 'our family.key': Buffer.from('another file') })
    await page.getByRole('button', { name: 'More for our family' }).click()
    await page.getByRole('menuitem', { name: 'Export in plain' }).click()
    const dialog = page.getByRole('dialog', { name: 'Export “our family” in plain' })
    await dialog.getByLabel('To export it, type its name').fill('our family')
    await dialog.getByRole('button', { name: 'Export in plain' }).click()
    if (test.info().project.name === 'desktop') {
      // The system's own dialog has asked.
      await expect(dialog).toBeHidden()
      expect(await readFile(join(downloads, 'our family.key'), 'utf8')).not.toBe('another file')
      return
    }
    await expect(dialog.getByRole('alert')).toContainText('There is a file already')
    expect(await readFile(join(downloads, 'our family.key'), 'utf8')).toBe('another file')
    await dialog.getByLabel('File name').fill('second.key')
    await dialog.getByRole('button', { name: 'Export in plain' }).click()
    await expect(dialog).toBeHidden()
    await page.getByRole('button', { name: 'More for our family' }).click()
    await page.getByRole('menuitem', { name: 'Export in plain' }).click()
    await dialog.getByLabel('To export it, type its name').fill('our family')
    await dialog.getByRole('button', { name: 'Export in plain' }).click()
    await dialog.getByRole('button', { name: 'Replace the file that is there' }).click()
    await expect(dialog).toBeHidden()
    const second = await readFile(join(downloads, 'second.key'), 'utf8')
    expect(await readFile(join(downloads, 'our family.key'), 'utf8')).toBe(second)
  })

  await test.step('delete: its name has to be typed, and what it costs is said', async () => {
    await page.getByRole('button', { name: 'More for our family' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const dialog = page.getByRole('dialog', { name: 'Delete the key “our family”?' })
    await expect(dialog.getByText(/^1 known file .* will be lost with it$/)).toBeVisible()
    const remove = dialog.getByRole('button', { name: 'Delete key' })
    await dialog.getByLabel('To delete it for good, type its name').fill('family')
    await expect(remove).toBeDisabled()
    await dialog.getByLabel('To delete it for good, type its name').fill('our family')
    await remove.click()
    await expect(page.getByRole('heading', { name: 'No keys of your own yet' })).toBeVisible()
  })

  await test.step('without it the file stays shut, and the way back is named', async () => {
    await openBucket(page, 'vault')
    await row(page, 'will.txt').dblclick()
    const preview = page.getByRole('dialog', { name: 'will.txt' })
    await expect(preview.getByRole('alert')).toContainText('Import the key, or restore its recovery kit')
    await preview.getByRole('button', { name: 'Open Keys' }).click()
  })

  await test.step('restore', async () => {
    await page.getByRole('button', { name: 'Restore kit' }).click()
    const choose = page.getByRole('button', { name: 'Choose the kit…' })
    await window.chooseFiles([join(downloads, kit)], () => choose.click())
    await page.getByLabel('Passphrase').fill('not this one')
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    await expect(page.getByRole('dialog').getByRole('alert')).toBeVisible({ timeout: PASSPHRASE_WORK })
    await page.getByLabel('Passphrase').fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    await expect(notices(page).getByText('1 key restored')).toBeVisible({ timeout: PASSPHRASE_WORK })
    await openBucket(page, 'vault')
    await row(page, 'will.txt').dblclick()
    await expect(page.getByLabel('Content of will.txt')).toHaveText('to my niece')
  })
})

test('This computer says that it has no kit until one is saved', async ({ page, window }) => {
  await mkdir(join(window.person, 'Downloads'), { recursive: true })
  await tryHere(page)
  await page.getByRole('link', { name: 'This computer' }).click()
  const notice = page.getByRole('status').filter({ hasText: 'This computer has no recovery kit' })
  await notice.getByRole('button', { name: 'Save This computer’s kit' }).click()
  const dialog = page.getByRole('dialog', { name: 'Save the recovery kit of This computer' })
  await dialog.getByLabel('Passphrase').fill('passwordpassword')
  await expect(dialog.getByText(/^Very weak/)).toBeVisible()
  await saveKit(page, PASSPHRASE)
  await expect(notice).toBeHidden()
  await page.getByRole('link', { name: 'Keys', exact: true }).click()
  await expect(page.getByRole('list', { name: 'This computer’s kit' }).getByText(/^In a kit of today/)).toBeVisible()
})

test('a copy of the data folder of another This computer opens with its kit', async ({ page, window }) => {
  const other = await newPerson()
  const passphrase = join(other.folder, 'passphrase')
  await writeFiles(other.folder, { passphrase: Buffer.from(PASSPHRASE), letter: Buffer.from('to my niece') })
  const computer = await startComputer(other)
  await other.done(['put', 'letter', 's3://elsewhere/letter.txt', '--mode', 'sse-kms'])
  await other.done(['key', 'kit', '--computer', 'computer.age', '--passphrase-file', passphrase])
  await computer.stop()
  await cp(computer.dataDir, join(window.person, 'copy'), { recursive: true })

  await tryHere(page)
  await page.getByRole('link', { name: 'Keys', exact: true }).click()
  await page.getByRole('button', { name: 'Restore kit' }).click()
  const choose = page.getByRole('button', { name: 'Choose the kit…' })
  await window.chooseFiles([join(other.folder, 'computer.age')], () => choose.click())
  await page.getByLabel('Passphrase').fill(PASSPHRASE)
  await page.getByRole('button', { name: 'Restore', exact: true }).click()
  const folder = page.getByRole('dialog', { name: 'Open This computer’s data folder' })
  await expect(folder.getByLabel('Folder')).toHaveValue(computer.dataDir, { timeout: PASSPHRASE_WORK })
  await folder.getByLabel('Folder').fill(window.person)
  await folder.getByRole('button', { name: 'Open the folder' }).click()
  await expect(folder.getByRole('alert')).toContainText('there is no vault there')
  await folder.getByLabel('Folder').fill(join(window.person, 'copy'))
  await folder.getByRole('button', { name: 'Open the folder' }).click()
  await expect(folder).toBeHidden()
  await openBucket(page, 'elsewhere')
  await row(page, 'letter.txt').dblclick()
  await expect(page.getByLabel('Content of letter.txt')).toHaveText('to my niece')
  await other.remove()
})
