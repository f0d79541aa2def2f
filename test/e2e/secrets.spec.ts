import type { Page } from '@playwright/test'
import keytar from 'keytar'
import { realpathSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { homeId } from '../../electron/store/home.ts'
import { writeFiles } from '../support/files.ts'
import { findAny, formsOf } from '../support/needles.ts'
import { addPrincipal } from './support/outside.ts'
import { details, drop, notices, row, seal, tryHere, type Mode } from './support/person.ts'
import { expect, test } from './support/test.ts'
import { openWindow, thisComputer } from './support/window.ts'

const PASSPHRASE = 'a passphrase that nobody guesses 7341'

/** Everything that the window is told: frames of its socket, and bodies of answers. */
function listenTo(page: Page): { all(): Promise<Buffer[]> } {
  const heard: Promise<Buffer>[] = []
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => heard.push(Promise.resolve(Buffer.from(payload)))),
  )
  page.on('response', (answer) => {
    // The line on which dropped files are asked for never ends.
    if (!answer.url().endsWith('/drop/line')) heard.push(answer.body().catch(() => Buffer.alloc(0)))
  })
  return { all: () => Promise.all(heard) }
}

test('no key and no credential ever reaches the window', async ({ browserOfHost: browser }) => {
  test.skip(browser === undefined, 'the port between the app and its window cannot be listened to here')
  let heard: ReturnType<typeof listenTo> | undefined
  const window = await openWindow({
    ...(browser && { browser }),
    prepare: (page) => {
      heard = listenTo(page)
      return Promise.resolve()
    },
  })
  try {
    const { page, home, person } = window
    const downloads = join(person, 'Downloads')
    await tryHere(page)

    const modes: { mode: Mode; kit?: 'save' }[] = [
      { mode: 'SSE-S3' },
      { mode: 'SSE-KMS' },
      { mode: 'SSE-C', kit: 'save' },
      { mode: 'CSE-KMS' },
      { mode: 'CSE-C', kit: 'save' },
    ]
    for (const { mode, kit } of modes) {
      const name = `${mode}.txt`
      await writeFiles(person, { [name]: Buffer.from(`said under ${mode}`) })
      await drop(page, join(person, name))
      await seal(page, mode, kit === undefined ? {} : { kit, passphrase: PASSPHRASE })
      await row(page, name).click()
      await expect(details(page).getByRole('region', { name: 'Key journey' })).toBeVisible()
      await details(page).getByRole('button', { name: 'Preview' }).first().click()
      await expect(page.getByLabel(`Content of ${name}`)).toHaveText(`said under ${mode}`)
      await page.keyboard.press('Escape')
    }

    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page
      .getByRole('button', { name: /^More for/ })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Export in plain' }).click()
    const plain = page.getByRole('dialog', { name: /^Export “.*” in plain$/ })
    const [, name = ''] = /“(.*)”/.exec((await plain.getByRole('heading').first().textContent()) ?? '') ?? []
    await plain.getByLabel('To export it, type its name').fill(name)
    await plain.getByRole('button', { name: 'Export in plain' }).click()
    await expect(notices(page).getByText('The key is exported, in plain')).toBeVisible()
    await page.getByRole('link', { name: 'Activity' }).click()
    await expect(page.getByRole('link', { name: 'CSE-C.txt' }).first()).toBeVisible()

    // Another place, whose credentials are typed here.
    const server = await thisComputer(home)
    const principal = await addPrincipal(home)
    await page.getByRole('link', { name: 'Connect a bucket…' }).click()
    await page.getByText('Compatible server').click()
    await page.getByLabel('Address', { exact: true }).fill(server?.endpoint ?? '')
    await page.getByLabel('Access key id').fill(principal.accessKeyId)
    await page.getByLabel('Secret access key').fill(principal.secretAccessKey)
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    // Who is not the owner may not list KMS keys.
    await page.getByRole('button', { name: 'Keep it anyway' }).click()
    await page.getByRole('button', { name: 'Not now' }).click()
    await expect(page.getByRole('list', { name: 'Buckets' })).toBeVisible()
    await page
      .getByRole('list', { name: 'Buckets' })
      .getByRole('link', { name: /^vault/ })
      .click()
    await expect(row(page, 'SSE-S3.txt')).toBeVisible()

    const exported = (await readdir(downloads)).find((name) => name.endsWith('.key')) ?? ''
    const own = `${homeId(realpathSync(home))}/`
    const kept = (await keytar.findCredentials('Coffer')).filter(({ account }) => account.startsWith(own))
    const texts = kept.filter(({ account }) => account !== `${own}mark`).map(({ password }) => password)
    const needles = [
      ...texts.map((text) => Buffer.from(text, 'base64')),
      ...texts.flatMap((text) => secretsIn(Buffer.from(text, 'base64').toString())),
      Buffer.from((await readFile(join(downloads, exported), 'utf8')).trim(), 'base64'),
      Buffer.from(principal.secretAccessKey),
      Buffer.from(PASSPHRASE),
    ]
    expect(needles.length, 'the keychain held the root key, the credentials and a key').toBeGreaterThan(6)
    const said = Buffer.concat([...((await heard?.all()) ?? []), Buffer.from(await page.content())])
    expect(said.includes('said under CSE-C'), 'what was shown was heard').toBe(true)
    const found = needles.filter((needle) => findAny(formsOf(needle))(said))
    expect(found.length).toBe(0)
  } finally {
    await window.close()
  }
})

/** Secret access keys in what the keychain has of a connection. */
function secretsIn(text: string): Buffer[] {
  return [...text.matchAll(/"secretAccessKey":"([^"]+)"/g)].map(([, secret = '']) => Buffer.from(secret))
}
