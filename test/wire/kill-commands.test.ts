import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3'
import keytar from 'keytar'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openKit } from '../../electron/keys/kit.ts'
import { homeId } from '../../electron/store/home.ts'
import { newPerson, type Outcome, type Person } from '../support/coffer.ts'
import { noise } from '../support/files.ts'
import { awsClients } from '../support/servers.ts'
import { killerOf, type Killer } from './killed-command.ts'
import { openStage, type Stage } from './killing.ts'
import { namesIn } from './lab.ts'
import { chanceOf } from './seed.ts'

/* Every command that stores something, ended by SIGKILL just before one of the things that it does to the outside. */

/** `COFFER_SEED=42` chooses other moments; 1 unless told. */
const seed = process.env['COFFER_SEED'] ?? '1'
const PASSPHRASE = 'correct horse battery staple'
const SMALL = 3_000
/** Two parts. */
const LARGE = 9 * 1024 * 1024
const FILES = ['1', '2', '3', 'large']

/** How many times each command is ended, in rounds that each end with a repetition. */
const ROUNDS = { put: 6, get: 5, rekey: 6 }
const KILLS_A_ROUND = 4
const KILLS = { 'first start': 5, 'key new': 10, 'place add': 11, 'key kit': 6 }
const ALL =
  KILLS_A_ROUND * Object.values(ROUNDS).reduce((sum, count) => sum + count) +
  Object.values(KILLS).reduce((sum, count) => sum + count)

/** A person, and what ends their commands. Lanes go on side by side. */
interface Lane {
  person: Person
  killer: Killer
  home: string
  /** What was found wrong. */
  wrong: string[]
}

let stage: Stage
const lanes: Lane[] = []

beforeAll(async () => {
  stage = await openStage('unused', [])
})
afterAll(async () => {
  for (const { person } of lanes) await person.remove()
  await stage.close()
})

test(`kill -9 at ${ALL} moments of put, get, rekey, key new, key kit and place add: nothing is lost, and repeated they mend`, async () => {
  await Promise.all([inAndOut(), rekeyed(), keysMade(), placesAdded(), kitsSaved(), begun()])
  const kills = lanes.reduce((sum, { killer }) => sum + killer.kills, 0)
  console.log(`${kills} of ${ALL} kills hit a command`)
  const wrong = lanes.flatMap((lane) => [...lane.killer.failures, ...lane.wrong])
  expect(wrong, `COFFER_SEED=${seed}`).toEqual([])
  expect(kills, 'most kills hit a command').toBeGreaterThan(ALL * 0.9)
}, 300_000)

async function openLane(name: string): Promise<Lane> {
  const person = await newPerson(stage.env, { resident: true })
  const home = await realpath(join(person.folder, 'home'))
  const lane = { person, killer: killerOf(person, chanceOf(`${name} ${seed}`)), home, wrong: [] }
  lanes.push(lane)
  return lane
}

/** Files go in and come back, in each mode. */
async function inAndOut(): Promise<void> {
  const lane = await openLane('files')
  const { person, killer } = lane
  const bucket = await newBucket('in-and-out')
  const source = await newFiles(person)
  await person.done(['key', 'new', 'own', '--purpose', 'cse', '--no-kit'])
  await person.done(['key', 'new', 'sent', '--purpose', 'sse-c', '--no-kit'])
  const modes = [
    ['cse-c', '--key', 'own'],
    ['cse-kms', '--key', stage.kmsKey],
    ['sse-s3'],
    ['sse-c', '--key', 'sent'],
    ['sse-kms', '--key', stage.kmsKey],
    ['cse-c', '--key', 'own'],
  ]
  await killer.measure(['put', source, `s3://${bucket}/measured/`, '--mode', 'cse-c', '--key', 'own'])
  await killer.measure(['get', `s3://${bucket}/measured/`, join(person.folder, 'measured')])
  for (const [round, mode] of modes.slice(0, ROUNDS.put).entries()) {
    const folder = `s3://${bucket}/${round}/`
    const put = ['put', source, folder, '--mode', ...mode]
    for (let kill = 1; kill <= KILLS_A_ROUND; kill++) await killer.kill(`put ${round} ${kill}`, put)
    expectDone(lane, `put ${mode.join(' ')}`, await person.coffer(put), FILES.length)
    if (round >= ROUNDS.get) continue
    const into = join(person.folder, `into-${round}`)
    for (let kill = 1; kill <= KILLS_A_ROUND; kill++) {
      await killer.kill(`get ${round} ${kill}`, ['get', folder, into])
      if (existsSync(into)) await compare(lane, `get ${round} ${kill}`, into, source, 'as far as they are there')
    }
    expectDone(lane, `get ${round}`, await person.coffer(['get', folder, into]), FILES.length)
    await compare(lane, `get ${round}`, into, source)
  }
  const names = FILES.map((name) => `files/${name}`)
  const folders = ['measured', ...modes.map((_, round) => String(round))].slice(0, ROUNDS.put + 1)
  await expectObjects(
    lane,
    bucket,
    folders.flatMap((folder) => names.map((name) => `${folder}/${name}`)),
  )
  await expectNoLeftovers(lane, ['events', 'files', 'home', 'measured', ...ROUNDS_OF_GET.map((n) => `into-${n}`)])
}

const ROUNDS_OF_GET = Array.from({ length: ROUNDS.get }, (_, round) => round)

/** Objects change their mode and key, over and over, and can be read at every moment; in a bucket that keeps versions, too. */
async function rekeyed(): Promise<void> {
  const lane = await openLane('rekey')
  const { person, killer } = lane
  const source = await newFiles(person)
  await person.done(['key', 'new', 'own', '--purpose', 'cse', '--no-kit'])
  const modes = [
    ['cse-c', '--key', 'own'],
    ['sse-kms', '--key', stage.kmsKey],
    ['cse-kms', '--key', stage.kmsKey],
  ]
  for (const isVersioned of [false, true]) {
    const bucket = await newBucket(isVersioned ? 'versioned' : 'rekeyed', isVersioned)
    const folder = `s3://${bucket}/folder/`
    await person.done(['put', source, folder, '--mode', 'cse-kms', '--key', stage.kmsKey])
    await killer.measure(['rekey', folder, '--mode', 'sse-s3'])
    for (const mode of modes.slice(0, ROUNDS.rekey / 2)) {
      const rekey = ['rekey', folder, '--mode', ...mode]
      for (let kill = 1; kill <= KILLS_A_ROUND; kill++) {
        const what = `${bucket} to ${mode[0] ?? ''}, ${kill}`
        await killer.kill(what, rekey)
        await expectReadable(lane, what, folder, source)
      }
      const what = `${bucket} to ${mode[0] ?? ''}`
      expectDone(lane, what, await person.coffer(rekey), 0)
      await expectReadable(lane, `${what}, repeated`, folder, source)
      const now = (await person.done(['ls', folder, '--recursive'])).map((row) => row.mode)
      if (now.some((each) => each !== mode[0])) lane.wrong.push(`${what}: there are ${now.join()}`)
    }
    const keys = FILES.map((name) => `folder/files/${name}`)
    await expectObjects(lane, bucket, keys)
  }
  await expectNoLeftovers(lane, ['events', 'files', 'home'])
}

/** A key is made by whoever has no folder of Coffer's yet. */
async function begun(): Promise<void> {
  const lane = await openLane('begun')
  const { person, killer } = lane
  const args = ['key', 'new', 'first']
  await killer.measure(args)
  for (let n = 1; n <= KILLS['first start']; n++) {
    const env = { COFFER_HOME: join(person.folder, `home-${n}`) }
    await killer.kill(`first start ${n}`, args, { from: 'start', env })
    expectDone(lane, `first start ${n}`, await person.coffer(args, { env }), 1)
    await expectKey(lane, 'first', env)
    await expectOwnFolder(lane, env.COFFER_HOME)
  }
}

async function keysMade(): Promise<void> {
  const lane = await openLane('keys')
  const { person, killer } = lane
  await person.done(['key', 'new', 'before'])
  await killer.measure(['key', 'new', 'measured'])
  for (let n = 1; n <= KILLS['key new']; n++) {
    const name = `key-${n}`
    await killer.kill(name, ['key', 'new', name])
    expectDone(lane, name, await person.coffer(['key', 'new', name]), 1)
    await expectKey(lane, name)
  }
  await expectSecrets(lane, await accountsOf(lane))
  await expectNoLeftovers(lane, ['events', 'home'])
}

/** The key is listed, and its material is where keys are kept. */
async function expectKey({ person, wrong }: Lane, name: string, env: Record<string, string> = {}): Promise<void> {
  const file = join(person.folder, 'exported')
  const { code, stderr } = await person.coffer(['key', 'export', name, file, '--confirm', name], { env })
  if (code !== 0) wrong.push(`${name} is not there with its material: ${stderr}`)
  await rm(file, { force: true })
}

async function placesAdded(): Promise<void> {
  const lane = await openLane('places')
  const { person, killer } = lane
  const { endpoint, region, accessKeyId, secretAccessKey } = stage.cloud
  const add = (name: string): string[] => {
    return ['place', 'add', name, '--endpoint-url', endpoint, '--region', region, '--access-key-id', accessKeyId]
  }
  const stdin = secretAccessKey
  await person.done(add('before'), { stdin })
  await killer.measure(add('measured'), { stdin })
  for (let n = 1; n <= KILLS['place add']; n++) {
    const name = `place-${n}`
    await killer.kill(name, add(name), { stdin })
    expectDone(lane, name, await person.coffer(add(name), { stdin }), 1)
    const used = await person.coffer(['ls', '--place', name])
    if (used.code !== 0) lane.wrong.push(`${name} is listed and cannot be used: ${used.stderr}`)
  }
  await expectSecrets(lane, await accountsOf(lane))
  await expectNoLeftovers(lane, ['events', 'home'])
}

async function kitsSaved(): Promise<void> {
  const lane = await openLane('kits')
  const { person, killer } = lane
  const [passphrase, file] = [join(person.folder, 'passphrase'), join(person.folder, 'kit.age')]
  await writeFile(passphrase, PASSPHRASE, { mode: 0o600 })
  await person.done(['key', 'new', 'own'])
  const kit = (path: string): string[] => ['key', 'kit', 'own', path, '--passphrase-file', passphrase]
  await killer.measure(kit(join(person.folder, 'measured.age')))
  for (let n = 1; n <= KILLS['key kit']; n++) {
    await killer.kill(`kit ${n}`, kit(file))
    if (!existsSync(file)) continue
    await expectKit(lane, `kit ${n}`, file)
    expectDone(lane, `kit ${n}`, await person.coffer(kit(file)), 0)
    await rm(file)
  }
  expectDone(lane, 'key kit', await person.coffer(kit(file)), 0)
  await expectKit(lane, 'key kit', file)
  await expectNoLeftovers(lane, ['events', 'home', 'kit.age', 'measured.age', 'passphrase'])
}

/** A kit that is there opens, and its key is in it. */
async function expectKit({ wrong }: Lane, what: string, file: string): Promise<void> {
  const opened = await openKit(await readFile(file), { passphrase: PASSPHRASE }).catch(() => undefined)
  if (opened?.keys.map(({ name }) => name).join() !== 'own') wrong.push(`${what}: a kit is there that does not open`)
}

/** A repetition ends well; or says of each thing that it is there already, when the kill came after the work. */
function expectDone({ wrong }: Lane, what: string, { code, stderr }: Outcome, things: number): void {
  const there = stderr.match(/"ALREADY_EXISTS"/g)?.length ?? 0
  if (code !== 0 && !(code === 8 && there === things)) wrong.push(`${what}, repeated: ${code} ${stderr}`)
}

async function newBucket(name: string, isVersioned = false): Promise<string> {
  const { s3 } = awsClients(stage.env)
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  const VersioningConfiguration = { Status: 'Enabled' } as const
  if (isVersioned) await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }))
  s3.destroy()
  return name
}

async function newFiles({ folder }: Person): Promise<string> {
  const files = join(folder, 'files')
  await mkdir(files)
  for (const name of FILES)
    await writeFile(join(files, name), noise(name === 'large' ? LARGE : SMALL, `${folder} ${name}`))
  return files
}

/** The files that came, in whatever folder, are whole; and all have come, unless it was cut off. */
async function compare(
  { wrong }: Lane,
  what: string,
  into: string,
  source: string,
  which: 'all' | 'as far as they are there' = 'all',
): Promise<void> {
  const found = (await readdir(into, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  for (const { name, parentPath } of found.filter((file) => FILES.includes(file.name))) {
    const [came, was] = await Promise.all([readFile(join(parentPath, name)), readFile(join(source, name))])
    if (!came.equals(was)) wrong.push(`${what}: ${name} has other bytes`)
  }
  if (which !== 'all') return
  // Until it is repeated, a re-key may have left the new content of an object next to it.
  const names = found.map(({ name }) => name).filter((name) => !/\.coffer-[0-9a-f]{16}\.part$/.test(name))
  names.sort()
  if (names.join() !== FILES.join()) wrong.push(`${what}: there are ${names.join()}`)
}

async function expectReadable(lane: Lane, what: string, folder: string, source: string): Promise<void> {
  const into = join(lane.person.folder, 'check')
  const { code, stderr } = await lane.person.coffer(['get', folder, into])
  if (code !== 0) lane.wrong.push(`${what}: cannot be read: ${stderr}`)
  else await compare(lane, what, into, source)
  await rm(into, { recursive: true, force: true })
}

/** These objects are in the bucket and no other, and no upload was left. */
async function expectObjects({ wrong }: Lane, bucket: string, keys: string[]): Promise<void> {
  const { s3 } = awsClients(stage.env)
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }))
  const found = Contents.map(({ Key }) => Key ?? '').sort()
  if (found.join() !== keys.sort().join()) wrong.push(`${bucket} holds ${found.join()}`)
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  for (const { Key } of Uploads) wrong.push(`an upload of ${Key ?? ''} is left`)
  s3.destroy()
}

/** The accounts of a person's keys and places. The command before has mended what needs the keychain. */
async function accountsOf({ person }: Lane): Promise<string[]> {
  await person.done(['key', 'new', 'last'])
  // The material of each key, and what else is known of it.
  const keys = (await person.done(['key', 'list'])).flatMap(({ id }) => [`key/${id}`, `about/${id}`])
  const places = (await person.done(['place', 'list'])).filter(({ id }) => id !== 'local')
  return [...keys, ...places.map(({ id }) => `place/${id}`)]
}

/** The keychain holds for this folder what is in use and nothing else. */
async function expectSecrets({ home, wrong }: Lane, accounts: string[]): Promise<void> {
  const prefix = `${homeId(home)}/`
  const found = (await keytar.findCredentials('Coffer'))
    .map(({ account }) => account)
    .filter((account) => account.startsWith(prefix))
    .map((account) => account.slice(prefix.length))
  if (found.sort().join() !== ['mark', ...accounts].sort().join()) {
    wrong.push(`the keychain holds ${found.length} entries for ${accounts.length} in use`)
  }
}

/** What Coffer's own folder may hold when nothing runs. */
const OWN = /^(?:coffer\.db(?:-wal|-shm)?|(?:identity|secrets|this-computer|keys)\.lock|compiled|backups?)$/

async function expectOwnFolder({ wrong }: Lane, home: string): Promise<void> {
  for (const name of await namesIn(home)) if (!OWN.test(name)) wrong.push(`left: ${name}`)
}

/** After the next start no temporary is left, neither in Coffer's own folder nor where the person's files are. */
async function expectNoLeftovers(lane: Lane, mine: string[]): Promise<void> {
  const { person, home, wrong } = lane
  await person.done(['key', 'list'])
  await expectOwnFolder(lane, home)
  for (const name of await namesIn(person.folder)) if (!mine.includes(name)) wrong.push(`left: ${name}`)
}
