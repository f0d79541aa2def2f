import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newPerson } from '../support/coffer.ts'
import type { Person } from '../support/coffer.ts'
import { startComputer } from '../support/computer.ts'
import { noise, writeFiles } from '../support/files.ts'
import { run } from '../support/run.ts'

/* This computer is lost; what is left is a copy of its data folder, and a recovery kit. */

const PASSPHRASE = 'correct horse battery staple'
const letter = noise(5000, 'letter')

let lost: Person
let person: Person
const passphraseOf = (who: Person): string[] => ['--passphrase-file', join(who.folder, 'passphrase')]
const copy = (): string => join(person.folder, 'copy')
const kit = (name: string): string => join(person.folder, name)
const MODES = ['sse-s3', 'sse-kms', 'cse-kms', 'cse-c']

beforeAll(async () => {
  lost = await newPerson({}, { resident: true })
  person = await newPerson()
  for (const who of [lost, person]) {
    await writeFiles(who.folder, { letter, passphrase: Buffer.from(`${PASSPHRASE}\n`) })
  }
  const computer = await startComputer(lost)
  expect(await lost.coffer(['key', 'list'])).toMatchObject({ code: 0 })
  await lost.done(['key', 'new', 'mine', '--no-kit'])
  await lost.done(['kms', 'create', '--alias', 'photos'])
  for (const mode of MODES) {
    const key = mode === 'cse-c' ? ['--key', 'mine'] : mode.endsWith('kms') ? ['--key', 'alias/photos'] : []
    await lost.done(['put', 'letter', `s3://papers/${mode}`, '--mode', mode, ...key])
  }
  await lost.done(['key', 'kit', 'mine', join(person.folder, 'mine.kit'), ...passphraseOf(lost)])
  await lost.done(['key', 'kit', 'mine', join(person.folder, 'keys.kit'), '--keys-only', ...passphraseOf(lost)])
  await computer.stop()
  await cp(computer.dataDir, copy(), { recursive: true })
})
afterAll(async () => {
  await person.remove()
  await lost.remove()
})

async function back(name: string): Promise<Buffer> {
  await person.done(['get', `s3://papers/${name}`, 'back', '--overwrite'])
  return readFile(join(person.folder, 'back'))
}

/** Runs `coffer up`, whose standard output is one line of JSON, for as long as the work takes. */
async function whileUp(words: string[], work: () => Promise<unknown>, who = person): Promise<void> {
  const up = who.start(['up', ...words])
  const line = await new Promise<string>((resolve, reject) => {
    up.child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    void up.ended.then(({ stderr }) => reject(new Error(stderr)))
  })
  expect(JSON.parse(line)).toMatchObject({ s3Endpoint: expect.any(String) as string })
  await work()
  up.child.kill('SIGTERM')
  expect((await up.ended).code).toBe(0)
}

describe('on another computer, with a copy of the data folder', () => {
  it('without the kit the folder does not open, and the kit is named as the way', async () => {
    const refused = await person.coffer(['up', '--data', copy()])
    expect(refused).toMatchObject({ code: 6, error: { code: 'KEY_WRONG' } })
    expect(refused.error?.hint).toContain('--kit FILE')
  })

  it.each([
    ['that holds no root key', () => ['keys.kit', copy()], 'INVALID_INPUT'],
    ['and a folder that is not there', () => ['mine.kit', join(person.folder, 'nowhere')], 'FILE_NOT_FOUND'],
    ['and a folder that holds no vault', () => ['mine.kit', person.folder], 'FILE_NOT_FOUND'],
  ])('a kit %s is refused, and nothing is taken from it', async (_, words, code) => {
    const [name = '', folder = ''] = words()
    const refused = await person.coffer(['up', '--data', folder, '--kit', kit(name), ...passphraseOf(person)])
    expect(refused.error).toMatchObject({ code })
    expect(await person.done(['key', 'list'])).toEqual([])
  })

  it("the kit of another This computer is KEY_WRONG, and that one's data stays where it is", async () => {
    await person.done(['put', 'letter', 's3://own/letter', '--mode', 'sse-s3'])
    await person.done(['key', 'kit', '--computer', kit('own.kit'), ...passphraseOf(person)])
    const refused = await person.coffer(['up', '--data', copy(), '--kit', kit('own.kit'), ...passphraseOf(person)])
    expect(refused).toMatchObject({ code: 6, error: { code: 'KEY_WRONG' } })
    await person.done(['get', 's3://own/letter', 'own', '--overwrite'])
  })

  it('the kit opens it, with every mode and the keys, also after its KMS database is lost', async () => {
    for (const name of ['kms.db', 'kms.db-wal', 'kms.db-shm', 'kms.backup'])
      await rm(join(copy(), name), { force: true })
    await whileUp(['--data', copy(), '--kit', kit('mine.kit'), ...passphraseOf(person)], async () => {
      for (const mode of MODES) expect((await back(mode)).equals(letter), mode).toBe(true)
    })
    expect((await back('sse-kms')).equals(letter), 'later, without the kit').toBe(true)
  })

  it('the kit and the stored objects alone bring everything back', async () => {
    const bare = join(person.folder, 'bare')
    await cp(join(copy(), 'objects'), join(bare, 'objects'), { recursive: true })
    await whileUp(['--rebuild', '--data', bare, '--kit', kit('mine.kit'), ...passphraseOf(person)], async () => {
      for (const mode of MODES) expect((await back(mode)).equals(letter), mode).toBe(true)
    })
  })

  it('its own data opens again when its folder is named', async () => {
    await whileUp(['--data', join(person.folder, 'home', 'this-computer')], () =>
      person.done(['get', 's3://own/letter', 'own', '--overwrite']),
    )
  })
})

describe('the kit of This computer', () => {
  it('is in every kit, and the list of keys says whether there is one and whether it is current', async () => {
    const told = async (): Promise<string> => {
      return (await run(process.execPath, ['dist/cli.js', 'key', 'list'], { env: person.env })).stderr
    }
    expect(await told()).toMatch(/This computer's recovery kit: \d{4}-/)
    await person.done(['kms', 'create', '--alias', 'later'])
    expect(await told()).toContain('before its KMS keys were last changed')
    await person.done(['key', 'kit', '--all', kit('all.kit'), ...passphraseOf(person)])
    expect(await told()).not.toContain('before its KMS keys')
    const { stderr } = await run(process.execPath, ['dist/cli.js', 'key', 'list', '--json'], { env: person.env })
    expect(JSON.parse(stderr)).toMatchObject({
      thisComputer: { savedAt: expect.any(String) as string, isCurrent: true },
    })
  })

  it('cannot be made while the data folder is away or its root key is not here, and the keys alone can', async () => {
    const dataDir = join(person.folder, 'home', 'this-computer')
    await rename(dataDir, `${dataDir}.away`)
    const refused = await person.coffer(['key', 'kit', 'mine', kit('away.kit'), ...passphraseOf(person)])
    expect(refused).toMatchObject({ code: 3, error: { code: 'FILE_NOT_FOUND' } })
    expect(refused.error?.hint).toContain('--keys-only')
    await person.done(['key', 'kit', 'mine', kit('away.kit'), '--keys-only', ...passphraseOf(person)])
    await rename(`${dataDir}.away`, dataDir)
    const check = join(dataDir, 'root-key.check')
    const own = await readFile(check)
    await writeFile(check, `${'0'.repeat(64)}\n`)
    const foreign = await person.coffer(['key', 'kit', 'mine', kit('foreign.kit'), ...passphraseOf(person)])
    expect(foreign).toMatchObject({ code: 6, error: { code: 'KEY_WRONG' } })
    expect(foreign.error?.hint).toContain('--keys-only')
    await writeFile(check, own)
  })
})

describe("a copy of Coffer's whole folder, without the keychain", () => {
  it('is brought back by the kit, which needs consent to keep keys in another keychain', async () => {
    const [gone, heir] = [await newPerson(), await newPerson()]
    await writeFiles(gone.folder, { letter, passphrase: Buffer.from(`${PASSPHRASE}\n`) })
    await whileUp(
      [],
      async () => {
        await gone.done(['key', 'new', 'mine', '--no-kit'])
        await gone.done(['put', 'letter', 's3://papers/cse-c', '--mode', 'cse-c', '--key', 'mine'])
        await gone.done(['put', 'letter', 's3://papers/sse-kms', '--mode', 'sse-kms'])
        await gone.done(['key', 'kit', '--all', 'all.kit', ...passphraseOf(gone)])
      },
      gone,
    )
    await cp(join(gone.folder, 'home'), join(heir.folder, 'home'), { recursive: true })
    const restore = ['key', 'restore', join(gone.folder, 'all.kit'), ...passphraseOf(gone)]
    const refused = await heir.coffer(restore)
    expect(refused).toMatchObject({ code: 6, error: { code: 'KEYCHAIN_UNAVAILABLE' } })
    expect(refused.error?.hint).toContain('--new-keychain')
    await heir.done([...restore, '--new-keychain'])
    for (const name of ['cse-c', 'sse-kms']) {
      await heir.done(['get', `s3://papers/${name}`, name])
      expect((await readFile(join(heir.folder, name))).equals(letter), name).toBe(true)
    }
    await heir.remove()
    await gone.remove()
  })
})
