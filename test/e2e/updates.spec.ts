import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from '@playwright/test'
import manifest from '../../package.json' with { type: 'json' }
import { signFeed } from '../../electron/desktop/feed-signature.ts'
import { noise, writeFiles } from '../support/files.ts'
import { openDesktop } from './support/desktop.ts'
import { electronRuntime } from './support/hosts.ts'
import { drop, limitUploads, openBucket, openTransfers, runCommand, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

const updates = electronRuntime()?.updates
if (updates === undefined) throw new Error('Start it with scripts/test-desktop.sh.')
const feedUrl = new URL(updates.url)
const maker = createPrivateKey(updates.signingKey)

/** A web server with a folder of files, where installed apps look for updates. */
class Feed {
  readonly #files = new Map<string, Buffer>()
  readonly #server: Server = createServer((request, response) => {
    this.requests.push({ path: request.url ?? '', headers: JSON.stringify(request.headers) })
    const file = this.#files.get(new URL(request.url ?? '/', feedUrl).pathname)
    response.writeHead(file === undefined ? 404 : 200).end(file)
  })
  readonly requests: { path: string; headers: string }[] = []

  async open(): Promise<void> {
    this.#server.listen(Number(feedUrl.port), '127.0.0.1')
    await once(this.#server, 'listening')
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** Puts a version on it: its package, and the list that names it, signed. */
  publish(
    version: string,
    content: Buffer,
    { key = maker, named = content }: { key?: KeyObject; named?: Buffer } = {},
  ) {
    const name = `coffer-${version}-linux-amd64.deb`
    const sha512 = createHash('sha512').update(named).digest('base64')
    const lines = [
      `version: ${version}`,
      'files:',
      `  - url: ${name}`,
      `    sha512: ${sha512}`,
      `    size: ${content.length}`,
    ]
    const list = Buffer.from([...lines, `path: ${name}`, `sha512: ${sha512}`, ''].join('\n'))
    this.#files.set('/latest-linux.yml', list).set('/latest-linux.yml.sig', Buffer.from(signFeed(list, key)))
    this.#files.set(`/${name}`, content)
  }
}

async function openAbout(page: Page): Promise<Locator> {
  await runCommand(page, 'About Coffer')
  return page.getByRole('dialog', { name: 'About Coffer' }).getByRole('region', { name: 'Updates' })
}

test('an update is looked for, proven, downloaded and installed when a person asks for it, and never during transfers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-updates-'))
  // The system's own way to become root: here it writes down what it is asked to run.
  const asked = join(folder, 'asked')
  await writeFile(join(folder, 'pkexec'), `#!/bin/sh\nprintf '%s\\n' "$@" >'${asked}'\n`)
  await chmod(join(folder, 'pkexec'), 0o755)
  const path = `${folder}:${process.env.PATH ?? ''}`
  const window = await openDesktop({ packaged: true, env: { PATH: path, XDG_CACHE_HOME: join(folder, 'cache') } })
  const { page, person, app } = window
  const feed = new Feed()
  const update = noise(100_000, 'update')
  try {
    await tryHere(page)
    const part = await openAbout(page)
    const check = part.getByRole('button', { name: 'Check for updates' })
    await expect(part).toContainText('looks for updates when you ask it to')
    const finds = async (words: string): Promise<void> => {
      await check.click()
      await expect(part).toContainText(words)
    }

    await finds('Can’t reach the update server')
    await feed.open()
    await finds('no usable list of versions')
    feed.publish(manifest.version, update)
    await finds('This is the newest version')
    feed.publish('0.0.9', update)
    await finds('This is the newest version')
    feed.publish('9.0.0', update, { key: generateKeyPairSync('ed25519').privateKey })
    await finds('not signed by Coffer’s makers')
    feed.publish('9.0.0', noise(100_000, 'another'), { named: update })
    await finds('Version 9.0.0 is available')
    await part.getByRole('button', { name: 'Download it' }).click()
    await expect(part).toContainText('not the one that the signed list names')
    expect(feed.requests.filter(({ headers }) => /staging/i.test(headers))).toEqual([])

    // Transfers are under way.
    await page.getByRole('button', { name: 'Done' }).click()
    await limitUploads(page, '0.1')
    await writeFiles(person, { 'film.bin': noise(3_000_000, 'film') })
    await openBucket(page, 'vault')
    await drop(page, join(person, 'film.bin'))
    await seal(page, 'SSE-S3')
    feed.publish('9.0.0', update)
    await openAbout(page)
    await part.getByRole('button', { name: 'Download it' }).click()
    await expect(part).toContainText('Transfers are under way')
    await page.getByRole('button', { name: 'Done' }).click()
    await (await openTransfers(page)).getByRole('button', { name: 'Cancel' }).first().click()
    await expect(page.getByText('Cancelled. Nothing was left behind.')).toBeVisible()

    await openAbout(page)
    await part.getByRole('button', { name: 'Download it' }).click()
    await expect(part).toContainText('Version 9.0.0 is ready')
    // The app would start again, out of this test's sight.
    await app.evaluate(({ app: own }) => {
      own.relaunch = () => undefined
    })
    const ended = once(app.process(), 'exit')
    await part.getByRole('button', { name: 'Install and restart' }).click()
    await ended
    const words = await readFile(asked, 'utf8')
    const [, installed = ''] = /^dpkg -i (\S+\.deb)$/m.exec(words) ?? []
    expect((await readFile(installed)).equals(update)).toBe(true)
  } finally {
    await window.close()
    feed.close()
    await rm(folder, { recursive: true, force: true })
  }
})
