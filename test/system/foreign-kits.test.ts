import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newPerson } from '../support/coffer.ts'
import type { Person } from '../support/coffer.ts'
import { writeFiles } from '../support/files.ts'
import { pythonTool, succeed } from '../support/run.ts'
import { onTerminal } from '../support/terminal.ts'

/* Recovery kits that other implementations of age have opened and sealed again. */

const PASSPHRASE = 'correct horse battery staple'
const OTHER = 'another passphrase, für später'

let person: Person
let clean: Person
let key: { id: string }
const mine = (name: string): string => join(person.folder, name)

beforeAll(async () => {
  person = await newPerson({}, { resident: true })
  clean = await newPerson({}, { resident: true })
  const [made] = await person.done(['key', 'new', 'mine'])
  key = { id: made?.id ?? '' }
  await writeFiles(person.folder, {
    passphrase: Buffer.from(`${PASSPHRASE}\n`),
    other: Buffer.from(`${OTHER}\n`),
    bom: Buffer.from(`\ufeff${OTHER}\r\n`),
    utf16: Buffer.from(`\ufeff${OTHER}\r\n`, 'utf16le'),
    'utf16-without-mark': Buffer.from(`${OTHER}\n`, 'utf16le'),
    decomposed: Buffer.from(`${OTHER.normalize('NFD')}\n`),
  })
  await person.done(['key', 'kit', 'mine', 'mine.kit', '--passphrase-file', 'passphrase'])
  await python(`plain = pyrage.passphrase.decrypt(read('mine.kit'), '${PASSPHRASE}'); write('kit.json', plain)`)
})
afterAll(async () => {
  await clean.remove()
  await person.remove()
})

async function python(work: string): Promise<void> {
  const script = `import pyrage, sys
read = lambda name: open(name, 'rb').read()
write = lambda name, data: open(name, 'wb').write(data)
${work}`
  await succeed(pythonTool('python'), ['-c', script], { cwd: person.folder })
}

const restore = (kit: string, passphrase: string, ...more: string[]) =>
  clean.coffer(['key', 'restore', mine(kit), '--passphrase-file', mine(passphrase), ...more])

describe('a kit that was sealed again', () => {
  it.each([
    ['in binary form', 'age -p -o age.kit kit.json', 'age.kit'],
    ['armored', 'age -p -a -o armored.kit kit.json', 'armored.kit'],
  ])('by age, %s, is taken', async (_, command, kit) => {
    const sealed = await onTerminal(
      ['sh', '-c', command],
      [
        ['passphrase', OTHER],
        ['onfirm passphrase', OTHER],
      ],
      { cwd: person.folder },
    )
    expect(sealed.code, sealed.stdout).toBe(0)
    expect(await restore(kit, 'other')).toMatchObject({ code: 0, rows: [{ id: key.id }] })
  })

  it.each([
    ['binary', 'False'],
    ['armored', 'True'],
  ])('by rage, %s, is taken, and damage to it is INTEGRITY', async (name, armored) => {
    await python(`write('${name}.kit', pyrage.passphrase.encrypt(read('kit.json'), '${OTHER}', armored=${armored}))`)
    expect(await restore(`${name}.kit`, 'other')).toMatchObject({ code: 0, rows: [{ id: key.id }] })
    const kit = await readFile(mine(`${name}.kit`))
    const at = kit.length - 60
    kit[at] = kit[at] === 65 ? 66 : 65
    await writeFile(mine('changed.kit'), kit)
    expect(await restore('changed.kit', 'other')).toMatchObject({ code: 5, error: { code: 'INTEGRITY' } })
  })

  it('opens by a passphrase file with a byte order mark, in UTF-16, or in another Unicode form, which is told', async () => {
    await python(`write('forms.kit', pyrage.passphrase.encrypt(read('kit.json'), '${OTHER}'))`)
    for (const file of ['bom', 'utf16', 'utf16-without-mark']) {
      expect(await restore('forms.kit', file), file).toMatchObject({ code: 0, stderr: '' })
    }
    const decomposed = await restore('forms.kit', 'decomposed')
    expect(decomposed).toMatchObject({ code: 0, rows: [{ id: key.id }] })
    expect(decomposed.stderr).toContain('Unicode form (NFC)')
  })
})

describe('a kit that age has decrypted', () => {
  it('is taken with consent only, and the person is told to delete it', async () => {
    for (const command of ['restore', 'import']) {
      expect(await clean.coffer(['key', command, mine('kit.json')])).toMatchObject({
        code: 2,
        error: { code: 'INVALID_INPUT', hint: expect.stringContaining('--plain') as string },
      })
      expect(await clean.coffer(['key', command, mine('kit.json'), '--plain'])).toMatchObject({
        code: 0,
        rows: [{ id: key.id }],
      })
    }
    const answered = await onTerminal(
      [process.execPath, 'dist/cli.js', 'key', 'restore', mine('kit.json')],
      [['Type yes', 'yes']],
      { env: clean.env },
    )
    expect(answered.code, answered.stdout).toBe(0)
    expect(answered.stdout).toContain('Delete its file')
  })
})
