import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newPerson, type Outcome, type Person } from '../support/coffer.ts'
import { noise, writeFiles } from '../support/files.ts'

/* What a person sees of This computer when its index or its folder is lost, or the content is newer than the index. */

const FILES = { small: noise(900, 'small'), large: noise(200_000, 'large') }

let person: Person
beforeAll(async () => {
  person = await newPerson()
  await writeFiles(person.folder, FILES)
  await person.done(['put', 'small', 'large', 's3://papers/', '--mode', 'sse-s3'])
  await person.done(['put', 'small', 's3://papers/kms', '--mode', 'sse-kms'])
})
afterAll(async () => {
  await endServer()
  await person.remove()
})

const dataDir = (...names: string[]): string => join(person.folder, 'home', 'this-computer', ...names)

/** Ends the server in the background, as its idle clock does. */
async function endServer(): Promise<void> {
  if (!existsSync(dataDir('run.json'))) return
  const { pid } = JSON.parse(await readFile(dataDir('run.json'), 'utf8')) as { pid: number }
  process.kill(pid, 'SIGTERM')
  while (existsSync(dataDir('run.json'))) await sleep(20)
}

async function removeIndex(): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) await rm(dataDir(`s3.db${suffix}`), { force: true })
}

async function expectAll(): Promise<void> {
  for (const [name, content] of Object.entries({ ...FILES, kms: FILES.small })) {
    await person.done(['get', `s3://papers/${name}`, 'back', '--overwrite'])
    expect((await readFile(join(person.folder, 'back'))).equals(content), name).toBe(true)
  }
}

/** Codes of what was told besides the results. */
function toldCodes({ stderr }: Outcome): string[] {
  return stderr.split('\n').flatMap((line) => {
    const { code } = line.startsWith('{') ? (JSON.parse(line) as { code?: string }) : {}
    return code === undefined ? [] : [code]
  })
}

it('a lost s3.db is made anew at the next command, which says so', async () => {
  await endServer()
  await removeIndex()
  const listed = await person.coffer(['ls', 's3://papers/'])
  expect(listed.rows.map(({ key }) => key)).toEqual(['kms', 'large', 'small'])
  expect({ code: listed.code, told: toldCodes(listed) }).toEqual({ code: 0, told: ['INDEX_REBUILT'] })
  await expectAll()
  expect(toldCodes(await person.coffer(['ls', 's3://papers/']))).toEqual([])
})

it('content that is newer than the index is kept and told, and --rebuild brings it back', async () => {
  await endServer()
  await cp(dataDir(), join(person.folder, 'older'), { recursive: true, preserveTimestamps: true })
  await person.done(['put', 'large', 's3://papers/newer', '--mode', 'sse-s3'])
  await endServer()
  const before = await readdir(dataDir('objects'), { recursive: true })
  // An older backup of everything but the content files, written into the files that are there.
  await rm(dataDir('objects', 'log'), { recursive: true })
  await cp(join(person.folder, 'older', 'objects', 'log'), dataDir('objects', 'log'), { recursive: true })
  const bytes = await readFile(join(person.folder, 'older', 's3.db'))
  await writeFile(dataDir('s3.db'), bytes)
  for (const command of [
    ['bucket', 'list'],
    ['ls', 's3://papers/'],
  ]) {
    const outcome = await person.coffer(command)
    expect({ command, code: outcome.code, told: toldCodes(outcome) }).toEqual({
      command,
      code: 0,
      told: ['CONTENT_FOUND'],
    })
    expect(outcome.stderr).toContain('coffer up --rebuild')
  }
  const up = person.start(['up', '--rebuild'])
  await new Promise((resolve) => up.child.stdout?.once('data', resolve))
  await person.done(['get', 's3://papers/newer', 'back', '--overwrite'])
  expect((await readFile(join(person.folder, 'back'))).equals(FILES.large)).toBe(true)
  up.child.kill('SIGTERM')
  expect((await up.ended).stderr).toContain('INDEX_REBUILT')
  await expectAll()
  const content = (names: string[]): string[] => names.filter((name) => /[0-9a-f]{32}$/.test(name)).sort()
  expect(content(await readdir(dataDir('objects'), { recursive: true }))).toEqual(content(before))
})

it('a data folder that is away is FILE_NOT_FOUND, also where its mount point is empty, and is not made anew', async () => {
  await endServer()
  await rename(dataDir(), `${dataDir()}-away`)
  for (const isMountPoint of [false, true]) {
    if (isMountPoint) await mkdir(dataDir())
    for (const command of [['ls'], ['put', 'small', 's3://papers/lost', '--mode', 'sse-s3']]) {
      const refused = await person.coffer(command)
      expect({ code: refused.code, name: refused.error?.code }).toEqual({ code: 3, name: 'FILE_NOT_FOUND' })
      expect(refused.error?.message).toContain(dataDir())
    }
  }
  expect(await readdir(dataDir())).toEqual([])
  await rm(dataDir(), { recursive: true })
  await rename(`${dataDir()}-away`, dataDir())
  await expectAll()
})
