import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { equalBytes, zero } from '../../base/bytes.ts'
import type { ComputerKit } from '../../base/computer-kit.ts'
import { CofferError } from '../../base/errors.ts'
import { checkPassphrase } from '../../keys/new-passphrase.ts'
import { kitSheet } from '../../keys/kit-sheet.ts'
import { forgetKit, openKit, sealKit, type KeyForKit } from '../../keys/kit.ts'
import type { KeyInfo } from '../../keys/keyring.ts'
import { writeNewPrivate, writePrivate } from '../../store/private-file.ts'
import { describeLocalFailure, errnoOf } from '../../base/local-failure.ts'
import type { Coffer } from '../context.ts'
import { readKeyFile } from './key-file.ts'

/** What is asked for; see the contract. */
export interface KitRequest {
  keys: string[] | 'all'
  path: string
  passphrase: string
  overwrite: 'refuse' | 'replace'
  hint?: string | undefined
  sheet?: string | undefined
  thisComputer: 'include' | 'leave-out'
}

interface SavedKit {
  path: string
  sheet: string | undefined
  keys: KeyInfo[]
  thisComputer: { dataDir: string } | null
}

/**
 * Saves a kit, which is opened before it is written and compared after; only then do its keys, and This computer, count as
 * having one. A kit of the same keys under the same passphrase that is at the path already, as an interrupted run leaves it,
 * counts as saved. Throws INVALID_INPUT for a weak passphrase or one that stands in the hint, ALREADY_EXISTS, KEY_*, KEYCHAIN_*, LOCAL_IO, DISK_FULL, and INTEGRITY if the disk
 * does not give back what was written.
 */
export async function saveKit(
  { keys, localCloud: { kits }, downloads }: Pick<Coffer, 'keys' | 'localCloud' | 'downloads'>,
  request: KitRequest,
): Promise<SavedKit> {
  const { passphrase, hint, overwrite } = request
  await checkPassphrase(passphrase)
  if (hint !== undefined && foldCase(hint).includes(foldCase(passphrase))) {
    throw new CofferError('INVALID_INPUT', 'The hint must not hold the passphrase: whoever finds the sheet reads it.')
  }
  const path = resolve(request.path)
  const sheet = request.sheet === undefined ? undefined : resolve(request.sheet)
  if (sheet === path) throw new CofferError('INVALID_INPUT', 'Kit and sheet must be two files.')
  if (overwrite === 'refuse' && sheet !== undefined && existsSync(sheet)) throw taken(sheet)

  const infos = await choose(keys, request.keys)
  const thisComputer = request.thisComputer === 'include' ? await kits.parts() : null
  try {
    if (infos.length === 0 && thisComputer === null) throw nothingToKeep()
    const write = writerOf(downloads, overwrite)
    const chosen = { infos, thisComputer }
    const { kit, madeAt } =
      overwrite === 'refuse' && existsSync(path)
        ? await kitThere(path, passphrase, chosen)
        : await newKit(keys, path, passphrase, chosen, write)
    const saved = await Promise.all(infos.map(({ id }) => keys.markKitSaved(id, madeAt)))
    if (thisComputer !== null) kits.markSaved(thisComputer, madeAt)
    const computer = thisComputer === null ? null : { dataDir: thisComputer.dataDir }
    if (sheet !== undefined) {
      const facts = { kitPath: path, kit, hint, madeAt, thisComputer: computer }
      await write(sheet, Buffer.from(kitSheet(saved, facts)))
    }
    return { path, sheet, keys: saved, thisComputer: computer }
  } finally {
    zero(thisComputer?.rootKey)
  }
}

/** Each key once, in the order they were named. */
async function choose(keys: Coffer['keys'], named: string[] | 'all'): Promise<KeyInfo[]> {
  const infos = named === 'all' ? await keys.list() : await Promise.all(named.map((name) => keys.find(name)))
  return [...new Map(infos.map((info) => [info.id, info])).values()]
}

interface Chosen {
  infos: KeyInfo[]
  thisComputer: ComputerKit | null
}

async function seal(
  keys: Coffer['keys'],
  { infos, thisComputer }: Chosen,
  passphrase: string,
  madeAt: Date,
): Promise<Buffer> {
  const contents: KeyForKit[] = []
  try {
    for (const { id, name, kind, createdAt, purpose } of infos) {
      const { bytes } = await keys.export(id)
      contents.push({ id, name, kind, createdAt, purpose, bytes })
    }
    return await sealKit({ keys: contents, thisComputer }, passphrase, { madeAt })
  } finally {
    zero(...contents.map(({ bytes }) => bytes))
  }
}

interface Kit {
  kit: Buffer
  madeAt: Date
}

/** Seals a kit, opens it again, writes it and reads it back. The one that it replaces is there until then. */
async function newKit(
  keys: Coffer['keys'],
  path: string,
  passphrase: string,
  chosen: Chosen,
  write: Write,
): Promise<Kit> {
  const madeAt = new Date()
  const kit = await seal(keys, chosen, passphrase, madeAt)
  // A kit that does not open is worse than none, for it is believed in.
  if ((await madeAtOf(kit, passphrase, chosen)) === null) throw unproven('the kit')
  await write(path, kit)
  if (!equalBytes(kit, await readKeyFile(path))) throw unproven(path)
  return { kit, madeAt }
}

/** The kit that is there already, if it is the one that is asked for. Throws ALREADY_EXISTS for any other file. */
async function kitThere(path: string, passphrase: string, chosen: Chosen): Promise<Kit> {
  const kit = await readKeyFile(path)
  const madeAt = await madeAtOf(kit, passphrase, chosen).catch(() => null)
  if (madeAt === null) throw taken(path)
  return { kit, madeAt }
}

/** When a kit was made that holds just what was chosen; null if it holds anything else. Throws what `openKit` throws. */
async function madeAtOf(kit: Buffer, passphrase: string, { infos, thisComputer }: Chosen): Promise<Date | null> {
  const opened = await openKit(kit, { passphrase })
  try {
    const hasKeys = infos.length === opened.keys.length && infos.every(({ id }, index) => opened.keys[index]?.id === id)
    return hasKeys && isSameComputer(thisComputer, opened.thisComputer) ? opened.madeAt : null
  } finally {
    forgetKit(opened)
  }
}

function isSameComputer(given: ComputerKit | null, opened: ComputerKit | null): boolean {
  if (given === null || opened === null) return given === opened
  const none = Buffer.alloc(0)
  return equalBytes(given.rootKey, opened.rootKey) && equalBytes(given.kmsBackup ?? none, opened.kmsBackup ?? none)
}

function nothingToKeep(): CofferError {
  return new CofferError('KEY_NOT_FOUND', 'There are no keys yet, and This computer holds nothing.', {
    hint: 'Make a key: coffer key new NAME.',
  })
}

function unproven(what: string): CofferError {
  return new CofferError('INTEGRITY', `What was written to ${what} does not read back.`, {
    hint: 'Save the kit again, on another disk.',
  })
}

type Write = (path: string, content: Uint8Array) => Promise<void>

/** Writes by a temporary that the next start removes if this process dies. Throws ALREADY_EXISTS, LOCAL_IO, DISK_FULL. */
function writerOf(downloads: Pick<Coffer['downloads'], 'temporaryFor'>, overwrite: 'refuse' | 'replace'): Write {
  const write = overwrite === 'replace' ? writePrivate : writeNewPrivate
  return async (path, content) => {
    try {
      await write(path, content, await downloads.temporaryFor(path))
    } catch (error) {
      throw errnoOf(error) === 'EEXIST' ? taken(path) : describeLocalFailure(error, path)
    }
  }
}

function taken(path: string): CofferError {
  return new CofferError('ALREADY_EXISTS', `There is a file already: ${path}`, {
    hint: 'Choose another file, or allow it to be replaced: --overwrite.',
  })
}

function foldCase(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}
