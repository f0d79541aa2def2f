import { readdirSync, readFileSync, statSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newPerson } from '../support/coffer.ts'
import type { Person } from '../support/coffer.ts'
import { filesBelow, noise, writeFiles } from '../support/files.ts'
import { findAny, formsOf } from '../support/needles.ts'
import { pythonTool, succeed } from '../support/run.ts'
import { stageComputer } from '../support/servers.ts'
import type { ComputerStage } from '../support/servers.ts'
import { keyringAnswers, startBus, startKeyring } from '../support/session-bus.ts'
import { onTerminal } from '../support/terminal.ts'

const BUCKET = 'keys'
const PASSPHRASE = 'correct horse battery staple'
const letter = noise(5000, 'letter')
const COFFER = [process.execPath, resolve('dist/cli.js')]

let stage: ComputerStage
let person: Person
/** A computer that has nothing yet and reaches the same server. */
let other: Person
/** Ids of the keys in both.kit. */
const keys: Record<string, string> = {}

beforeAll(async () => {
  stage = await stageComputer()
  person = stage.person
  const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = stage.computer
  other = await newPerson({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY })
  await writeFiles(person.folder, { letter, passphrase: Buffer.from(`${PASSPHRASE}\n`) })
  await writeFiles(other.folder, { letter, passphrase: Buffer.from(`${PASSPHRASE}\n`) })
  for (const [name, kind] of [
    ['aes', ['--purpose', 'cse']],
    ['sent', ['--purpose', 'sse-c']],
    ['pair', ['--rsa']],
  ] as const) {
    const [key] = await person.done(['key', 'new', name, ...kind])
    keys[name] = key?.id ?? ''
  }
  await saveKit('sent', 'aes', 'pair', 'both.kit', '--sheet', 'both.html', '--hint', 'the <song>')
  await person.done(['put', 'letter', object('kit/sse-c'), '--mode', 'sse-c', '--key', 'sent'])
  await person.done(['put', 'letter', object('kit/cse-c'), '--mode', 'cse-c', '--key', 'aes'])
  await person.done(['put', 'letter', object('kit/rsa'), '--mode', 'cse-c', '--key', 'pair'])
})
afterAll(async () => {
  await other.remove()
  await stage.close()
})

const mine = (name: string): string => join(person.folder, name)
const object = (name: string): string => `s3://${BUCKET}/${name}`
const saveKit = (...words: string[]): Promise<unknown> =>
  person.done(['key', 'kit', ...words, '--passphrase-file', 'passphrase'])

async function back(who: Person, name: string, options: string[] = []): Promise<Buffer> {
  await who.done(['get', object(name), 'back', '--overwrite', ...options])
  return readFile(join(who.folder, 'back'))
}

describe('a key of the person', () => {
  it('is made, used by other processes, and deleted with its name typed, which says what is lost', async () => {
    const [key] = await person.done(['key', 'new', 'short-lived', '--no-kit'])
    for (const name of ['a', 'b'])
      await person.done(['put', 'letter', object(`gone/${name}`), '--mode', 'cse-c', '--key', 'short-lived'])
    expect((await back(person, 'gone/a')).equals(letter)).toBe(true)

    const unasked = await person.coffer(['key', 'delete', 'short-lived'])
    expect(unasked).toMatchObject({ code: 2, error: { code: 'INVALID_INPUT' } })
    expect(unasked.error?.message).toContain(`2 known objects need it: 2 in s3://${BUCKET} (This computer).`)
    expect(await person.coffer(['key', 'delete', 'short-lived', '--confirm', 'Short-lived'])).toMatchObject({ code: 2 })
    const mistyped = await onTerminal([...COFFER, 'key', 'delete', 'short-lived'], [['Type the key', 'short']], {
      env: person.env,
    })
    expect(mistyped.code, mistyped.stdout).toBe(2)
    expect((await back(person, 'gone/b')).equals(letter), 'the key is still there').toBe(true)

    const typed = await onTerminal([...COFFER, 'key', 'delete', 'short-lived'], [['Type the key', 'short-lived']], {
      env: person.env,
    })
    expect(typed.code, typed.stdout).toBe(0)
    expect(typed.stdout).toContain('2 known objects need it')
    const lost = await person.coffer(['get', object('gone/a'), 'lost'])
    expect(lost).toMatchObject({ code: 6, error: { code: 'KEY_NOT_FOUND' } })
    expect(lost.error?.message, 'it says which key it needs').toContain(key?.id)
  })

  it.each(['sse-c', 'cse-c'])('%s: without a kit nothing is put under it until consent is given', async (mode) => {
    await person.done(['key', 'new', `no-kit-${mode}`])
    const put = ['put', 'letter', object(`no-kit-${mode}`), '--mode', mode, '--key', `no-kit-${mode}`]
    const refused = await person.coffer(put)
    expect(refused).toMatchObject({ code: 6, error: { code: 'KIT_NEEDED' } })
    expect(refused.error?.hint).toContain(`coffer key kit no-kit-${mode} FILE`)
    expect(await person.coffer(['inspect', object(`no-kit-${mode}`)])).toMatchObject({ code: 3 })
    await person.done([...put, '--no-kit'])
    await person.done([...put, '--overwrite'])
    const list = await person.done(['key', 'list'])
    expect(list.find(({ name }) => name === `no-kit-${mode}`)).toMatchObject({ kitSavedAt: null })
  })

  it('gets its kit at its first use, where a person sits at the terminal', async () => {
    await person.done(['key', 'new', 'asked'])
    const put = [...COFFER, 'put', mine('letter'), object('asked'), '--mode', 'cse-c', '--key', 'asked']
    const ended = await onTerminal(
      put,
      [
        ['which file?', mine('asked.kit')],
        ['A passphrase for the kit', PASSPHRASE],
        ['once more', PASSPHRASE],
      ],
      { env: person.env },
    )
    expect(ended.code, ended.stdout).toBe(0)
    expect(ended.stdout, 'a passphrase is not shown').not.toContain(PASSPHRASE)
    expect(statSync(mine('asked.kit')).mode & 0o777).toBe(0o600)
    expect((await person.done(['key', 'list'])).find(({ name }) => name === 'asked')).toMatchObject({
      kitSavedAt: expect.any(String) as string,
    })
    expect((await back(person, 'asked')).equals(letter)).toBe(true)
  })
})

describe('a key from elsewhere', () => {
  it('is sent to a server only once the person at the terminal, or the script, has said what it is for', async () => {
    await writeFiles(person.folder, { foreign: noise(32, 'a foreign key') })
    await person.done(['key', 'import', 'foreign', '--name', 'foreign'])
    const put = ['put', 'letter', object('foreign'), '--mode', 'sse-c', '--key', 'foreign', '--no-kit']
    const refused = await person.coffer(put)
    expect(refused).toMatchObject({ code: 6, error: { code: 'KEY_PURPOSE' } })
    expect(refused.error?.hint).toContain('coffer key purpose foreign sse-c')
    const asked = [...COFFER, 'put', mine('letter'), ...put.slice(2)]
    const declined = await onTerminal(asked, [['Type yes', 'no']], { env: person.env })
    expect(declined.code, declined.stdout).toBe(6)
    expect(await person.coffer(['inspect', object('foreign')])).toMatchObject({ code: 3 })
    const agreed = await onTerminal(asked, [['Type yes', 'yes']], { env: person.env })
    expect(agreed.code, agreed.stdout).toBe(0)
    expect((await person.done(['key', 'list'])).find(({ name }) => name === 'foreign')).toMatchObject({
      purpose: 'sse-c',
    })
    const other = ['put', 'letter', object('foreign'), '--mode', 'cse-c', '--key', 'foreign', '--overwrite']
    expect(await person.coffer(other)).toMatchObject({ code: 6, error: { code: 'KEY_PURPOSE' } })
  })
})

describe('a recovery kit', () => {
  it('opens with the standard age, and what is in it reads the object with the AWS CLI, as the sheet says', async () => {
    const sheet = await readFile(mine('both.html'), 'utf8')
    expect(sheet).toContain('the &lt;song&gt;')
    expect(sheet).not.toContain(PASSPHRASE)
    const commands = [...sheet.matchAll(/<pre>([^<]*)<\/pre>/g)].map(([, text = '']) =>
      text.replaceAll('&gt;', '>').replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
    )
    const startingWith = (start: string): string => commands.find((text) => text.startsWith(start)) ?? ''
    const cwd = person.folder

    const opened = await onTerminal(['sh', '-c', startingWith('age ')], [['passphrase', PASSPHRASE]], { cwd })
    expect(opened.code, opened.stdout).toBe(0)
    const env = { ...person.env, ...stage.awsEnv, PATH: `${resolve('.cache/python/bin')}:${process.env['PATH']}` }
    const [toFile = ''] = startingWith('jq ').split('\n')
    await succeed('sh', ['-c', toFile], { cwd })
    expect(statSync(mine('mine.key')).size).toBe(32)
    const [, , , , , ...key] = startingWith('aws s3 cp').split(' ')
    await succeed(pythonTool('aws'), ['s3', 'cp', '--quiet', object('kit/sse-c'), 'aws.back', ...key], { cwd, env })
    expect((await readFile(mine('aws.back'))).equals(letter)).toBe(true)
  })

  it('brings all keys back on a clean computer, which then reads what was written under them', async () => {
    await copyFile(mine('both.kit'), join(other.folder, 'both.kit'))
    const before = await other.coffer(['get', object('kit/cse-c'), 'early', ...stage.computer.options])
    expect(before).toMatchObject({ code: 6, error: { code: 'KEY_NOT_FOUND' } })
    const restored = await other.done(['key', 'restore', 'both.kit', '--passphrase-file', 'passphrase'])
    // After the keys, what became of This computer's own kit.
    expect(restored.slice(0, 3)).toMatchObject([
      { id: keys['sent'], purpose: 'sse-c' },
      { id: keys['aes'], purpose: 'cse' },
      { id: keys['pair'], purpose: 'cse' },
    ])
    for (const name of ['sse-c', 'cse-c', 'rsa']) {
      expect((await back(other, `kit/${name}`, stage.computer.options)).equals(letter), name).toBe(true)
    }
    const again = await other.done(['key', 'import', 'both.kit', '--passphrase-file', 'passphrase'])
    expect(again.slice(0, 3)).toMatchObject([{ taken: 'known' }, { taken: 'known' }, { taken: 'known' }])
  })

  it('under a wrong passphrase is PASSPHRASE_WRONG, and with a byte changed INTEGRITY; nothing of it comes in', async () => {
    const clean = await newPerson()
    try {
      await writeFiles(clean.folder, { passphrase: Buffer.from(PASSPHRASE), wrong: Buffer.from('some other words') })
      const restore = (kit: string, passphrase: string) =>
        clean.coffer(['key', 'restore', kit, '--passphrase-file', passphrase])
      expect(await restore(mine('both.kit'), 'wrong')).toMatchObject({ code: 6, error: { code: 'PASSPHRASE_WRONG' } })
      const kit = readFileSync(mine('both.kit'))
      for (const at of [3, 40, 90, kit.indexOf('---') + 10, kit.length - 700, kit.length - 1]) {
        const changed = Buffer.from(kit)
        changed[at] = (changed[at] ?? 0) ^ 1
        await writeFile(join(clean.folder, 'changed.kit'), changed)
        expect(await restore('changed.kit', 'passphrase'), `byte ${at}`).toMatchObject({
          code: 5,
          error: { code: 'INTEGRITY' },
        })
      }
      expect(await clean.done(['key', 'list'])).toEqual([])
    } finally {
      await clean.remove()
    }
  })

  it('replaces no file without consent, needs a passphrase worth the name, and its keys are in no output', async () => {
    const kit = readFileSync(mine('both.kit'))
    expect(await person.coffer(['key', 'kit', 'aes', 'both.kit', '--passphrase-file', 'passphrase'])).toMatchObject({
      code: 8,
    })
    expect(readFileSync(mine('both.kit')).equals(kit)).toBe(true)
    await writeFile(mine('weak'), 'short')
    expect(await person.coffer(['key', 'kit', 'aes', 'weak.kit', '--passphrase-file', 'weak'])).toMatchObject({
      code: 2,
    })
    const hinted = [
      'key',
      'kit',
      'aes',
      'hinted.kit',
      '--passphrase-file',
      'passphrase',
      '--sheet',
      'hinted.html',
      '--hint',
    ]
    expect(await person.coffer([...hinted, `it is ${PASSPHRASE.toUpperCase()}`])).toMatchObject({ code: 2 })
    expect(await person.coffer(['key', 'kit', 'aes', 'nobody.kit'])).toMatchObject({
      code: 6,
      error: { code: 'PASSPHRASE_NEEDED' },
    })
    expect(await filesBelow(person.folder)).not.toContain('weak.kit')
    expect(await filesBelow(person.folder)).not.toContain('hinted.kit')

    const generated = await person.coffer(['key', 'kit', '--all', 'all.kit', '--generate-passphrase', '--overwrite'])
    expect(generated.code).toBe(0)
    await person.done(['key', 'export', 'aes', 'aes.key'])
    const material = Buffer.from(readFileSync(mine('aes.key'), 'utf8').trim(), 'base64')
    const find = findAny(formsOf(material))
    expect(find(Buffer.from(generated.stdout + generated.stderr))).toBe(false)
    expect(find(readFileSync(mine('all.kit'))) || find(readFileSync(mine('both.html')))).toBe(false)
  })
})

describe('a computer with the public half only', () => {
  it('writes; to read, it says which key it takes, and the computer with the pair reads', async () => {
    const [pair] = await person.done(['key', 'new', 'backup', '--rsa', '--no-kit'])
    await person.done(['key', 'export', 'backup', join(other.folder, 'backup.pem'), '--public'])
    const [half] = await other.done(['key', 'import', 'backup.pem', '--name', 'backup'])
    expect(half).toMatchObject({ id: pair?.id, kind: 'rsa-public', taken: 'new' })
    await other.done([
      'put',
      'letter',
      object('backup'),
      '--mode',
      'cse-c',
      '--key',
      'backup',
      ...stage.computer.options,
    ])
    const refused = await other.coffer(['get', object('backup'), 'unread', ...stage.computer.options])
    expect(refused).toMatchObject({ code: 6, error: { code: 'KEY_WRITE_ONLY' } })
    expect(refused.error?.message).toContain(`backup (${pair?.id})`)
    expect((await back(person, 'backup')).equals(letter)).toBe(true)
  })
})

describe('the usual mode and key of a bucket', () => {
  it('are taken when none is named, and survive that the key is renamed', async () => {
    await person.done(['key', 'new', 'usual', '--no-kit'])
    await person.done(['put', 'letter', 's3://usual/first', '--mode', 'sse-s3'])
    await person.done(['bucket', 'usual', 'usual', '--mode', 'cse-c', '--key', 'usual'])
    await person.done(['key', 'rename', 'usual', 'renamed'])
    const [done] = await person.done(['put', 'letter', 's3://usual/second'])
    const [key] = (await person.done(['key', 'list'])).filter(({ name }) => name === 'renamed')
    expect(done).toMatchObject({ mode: 'cse-c', keyId: key?.id })
    const [named] = await person.done(['put', 'letter', 's3://usual/third', '--mode', 'cse-c'])
    expect(named?.keyId, 'also where its mode is named').toBe(key?.id)
    const unfit = await person.coffer(['bucket', 'usual', 'usual', '--mode', 'sse-c', '--key', 'pair'])
    expect(unfit).toMatchObject({ code: 2, error: { code: 'INVALID_INPUT' } })
  })
})

describe('a keychain', () => {
  const NOTHING_YET = /^(coffer\.db|secrets\.lock|backups$|compiled$)/

  it('that is absent is exit 6 with the way out, and no key is written anywhere', async () => {
    const nobody = await newPerson({ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' })
    try {
      const refused = await nobody.coffer(['key', 'new', 'mine', '--no-kit'])
      expect(refused).toMatchObject({ code: 6, error: { code: 'KEYCHAIN_UNAVAILABLE' } })
      expect(refused.error?.hint).toContain('COFFER_PASSPHRASE_FILE')
      expect(readdirSync(join(nobody.folder, 'home')).filter((name) => !NOTHING_YET.test(name))).toEqual([])
    } finally {
      await nobody.remove()
    }
  })

  it.runIf(process.platform === 'linux')('that is locked is exit 6, and a kit is not taken in in part', async () => {
    const bus = await startBus()
    const nobody = await newPerson(bus)
    try {
      const unlocked = startKeyring(bus, 'a passphrase')
      await keyringAnswers(bus)
      await nobody.done(['key', 'new', 'before', '--no-kit'])
      unlocked.kill()
      await once(unlocked, 'exit')
      startKeyring(bus, null)
      await keyringAnswers(bus)
      await writeFile(join(nobody.folder, 'passphrase'), PASSPHRASE)
      for (const words of [
        ['new', 'mine', '--no-kit'],
        ['restore', mine('both.kit'), '--passphrase-file', 'passphrase'],
      ]) {
        const refused = await nobody.coffer(['key', ...words])
        expect(refused, words[0]).toMatchObject({ code: 6, error: { code: 'KEYCHAIN_LOCKED' } })
      }
      expect((await nobody.done(['key', 'list'])).map(({ name }) => name)).toEqual(['before'])
      expect(readdirSync(join(nobody.folder, 'home')).filter((name) => !NOTHING_YET.test(name))).toEqual([])
    } finally {
      await nobody.remove()
    }
  })
})
