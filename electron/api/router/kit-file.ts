import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { equalBytes, zero } from '../../base/bytes.ts'
import { CofferError } from '../../base/errors.ts'
import { checkKitPassphrase } from '../../keys/kit-passphrase.ts'
import { kitSheet } from '../../keys/kit-sheet.ts'
import { openKit, sealKit, type KeyForKit } from '../../keys/kit.ts'
import type { KeyInfo } from '../../keys/keyring.ts'
import { writeNewPrivate, writePrivate } from '../../store/private-file.ts'
import { describeLocalFailure, errnoOf } from '../../transfers/local-failure.ts'
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
}

interface SavedKit {
  path: string
  sheet: string | undefined
  keys: KeyInfo[]
}

/**
 * Saves a kit, which is opened before it is written and compared after; only then do its keys count as having one. Throws INVALID_INPUT for a weak
 * passphrase or one that stands in the hint, ALREADY_EXISTS, KEY_*, KEYCHAIN_*, LOCAL_IO, DISK_FULL, and INTEGRITY if the disk
 * does not give back what was written.
 */
export async function saveKit({ keys }: Pick<Coffer, 'keys'>, request: KitRequest): Promise<SavedKit> {
  const { passphrase, hint, overwrite } = request
  checkKitPassphrase(passphrase)
  if (hint !== undefined && foldCase(hint).includes(foldCase(passphrase))) {
    throw new CofferError('INVALID_INPUT', 'The hint must not hold the passphrase: whoever finds the sheet reads it.')
  }
  const path = resolve(request.path)
  const sheet = request.sheet === undefined ? undefined : resolve(request.sheet)
  if (sheet === path) throw new CofferError('INVALID_INPUT', 'Kit and sheet must be two files.')
  if (overwrite === 'refuse') [path, sheet].forEach(refuseTaken)

  const madeAt = new Date()
  const infos = await choose(keys, request.keys)
  const kit = await seal(keys, infos, passphrase, madeAt)
  await prove(kit, passphrase, infos)
  await write(path, kit, overwrite)
  if (!equalBytes(kit, await readKeyFile(path))) throw unproven(path)
  const saved = await Promise.all(infos.map(({ id }) => keys.markKitSaved(id, madeAt)))
  if (sheet !== undefined) {
    await write(sheet, Buffer.from(kitSheet(saved, { kitPath: path, kit, hint, madeAt })), overwrite)
  }
  return { path, sheet, keys: saved }
}

/** Each key once, in the order they were named. */
async function choose(keys: Coffer['keys'], named: string[] | 'all'): Promise<KeyInfo[]> {
  const infos = named === 'all' ? await keys.list() : await Promise.all(named.map((name) => keys.find(name)))
  if (infos.length > 0) return [...new Map(infos.map((info) => [info.id, info])).values()]
  throw new CofferError('KEY_NOT_FOUND', 'There are no keys yet.', { hint: 'Make one: coffer key new NAME.' })
}

async function seal(keys: Coffer['keys'], infos: KeyInfo[], passphrase: string, madeAt: Date): Promise<Buffer> {
  const contents: KeyForKit[] = []
  try {
    for (const { id, name, kind, createdAt, purpose } of infos) {
      const { bytes } = await keys.export(id)
      contents.push({ id, name, kind, createdAt, purpose, bytes })
    }
    return await sealKit(contents, passphrase, { madeAt })
  } finally {
    zero(...contents.map(({ bytes }) => bytes))
  }
}

/** A kit that does not open is worse than none, for it is believed in. The one that it replaces is still there by now. */
async function prove(kit: Buffer, passphrase: string, infos: KeyInfo[]): Promise<void> {
  const { keys } = await openKit(kit, { passphrase })
  zero(...keys.map(({ secret }) => secret))
  const isWhole = infos.length === keys.length && infos.every(({ id }, index) => keys[index]?.id === id)
  if (!isWhole) throw unproven('the kit')
}

function unproven(what: string): CofferError {
  return new CofferError('INTEGRITY', `What was written to ${what} does not read back.`, {
    hint: 'Save the kit again, on another disk.',
  })
}

function refuseTaken(path: string | undefined): void {
  if (path !== undefined && existsSync(path)) throw taken(path)
}

async function write(path: string, content: Uint8Array, overwrite: 'refuse' | 'replace'): Promise<void> {
  try {
    await (overwrite === 'replace' ? writePrivate(path, content) : writeNewPrivate(path, content))
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? taken(path) : describeLocalFailure(error, path)
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
