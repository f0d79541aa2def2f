import type { BigIntStats } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { CofferError } from '../base/errors.ts'
import { describeLocalFailure, errnoOf } from '../base/local-failure.ts'

/** What is at and below a path: files, empty folders, and what cannot be stored. */
export type Walked =
  | { path: string; relativeKey: string }
  /** An empty folder; its key ends with `/`. */
  | { folder: string; relativeKey: string }
  /** Something that is not stored. `isOwn`: it is what Coffer itself has left. */
  | { skipped: string; why: string; isOwn?: boolean }
  | { failed: CofferError; path: string; relativeKey: string }

export interface WalkOptions {
  /** Links inside folders are followed, too. */
  followLinks?: boolean | undefined
}

/** As much of a file's description as tells what it is. */
interface Kind {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

/** The folders that lead to where the walk is, by `device:inode`; only where links are followed. */
type Ancestors = readonly string[]

/**
 * What is at and below a path, in the order of names. A file's key is its name; a folder's files keep the folder's name and
 * structure, with `/` between. The path itself may be a link: whoever names it means what it leads to. Inside a folder links
 * are followed only if they are to be. Throws FILE_NOT_FOUND, LOCAL_IO, or INVALID_INPUT if the path itself cannot be read
 * or is no file and no folder.
 */
export async function* walk(path: string, options: WalkOptions = {}): AsyncGenerator<Walked, void, void> {
  const start = resolve(path)
  const found = await stat(start, { bigint: true }).catch(async (error: unknown) => {
    throw (await isLink(start)) ? leadsNowhere(path) : describeLocalFailure(error, path)
  })
  const name = basename(start)
  if (name.includes(NOT_UNICODE)) throw new CofferError('INVALID_INPUT', `${NAME_REFUSED} ${path}`)
  if (found.isFile()) yield { path: start, relativeKey: name }
  else if (found.isDirectory()) yield* visitFolder(start, name, options, [identityOf(found)])
  else throw new CofferError('INVALID_INPUT', `${SPECIAL}: ${path}`)
}

async function* visitFolder(
  path: string,
  relativeKey: string,
  options: WalkOptions,
  ancestors: Ancestors,
): AsyncGenerator<Walked, void, void> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) =>
    describeLocalFailure(error, path),
  )
  const key = relativeKey === '' ? '' : `${relativeKey}/`
  if (entries instanceof CofferError) return yield { failed: entries, path, relativeKey: key }
  if (entries.length === 0 && key !== '') return yield { folder: path, relativeKey: key }
  entries.sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const entry of entries) yield* visit(join(path, entry.name), key + entry.name, entry, options, ancestors)
}

async function* visit(
  path: string,
  relativeKey: string,
  kind: Kind,
  options: WalkOptions,
  ancestors: Ancestors,
): AsyncGenerator<Walked, void, void> {
  const { followLinks = false } = options
  if (relativeKey.includes(NOT_UNICODE)) return yield { skipped: path, why: NAME_REFUSED }
  if (PARTIAL.test(relativeKey))
    return yield { skipped: path, why: 'An interrupted download of Coffer left it.', isOwn: true }
  if (kind.isFile()) return yield { path, relativeKey }
  if (kind.isSymbolicLink() && !followLinks) return yield { skipped: path, why: LINK }
  if (!followLinks && kind.isDirectory()) return yield* visitFolder(path, relativeKey, options, ancestors)
  if (!kind.isSymbolicLink() && !kind.isDirectory()) return yield { skipped: path, why: `${SPECIAL}.` }
  // A link, or a folder whose identity is needed to see a link that leads back to it.
  const found = await stat(path, { bigint: true }).catch((error: unknown) =>
    errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP' ? leadsNowhere(path) : describeLocalFailure(error, path),
  )
  if (found instanceof CofferError) return yield { failed: found, path, relativeKey }
  if (found.isFile()) return yield { path, relativeKey }
  if (!found.isDirectory()) return yield { skipped: path, why: `${SPECIAL}.` }
  const identity = identityOf(found)
  if (ancestors.includes(identity))
    return yield { skipped: path, why: 'The link leads back to a folder that it is in.' }
  yield* visitFolder(path, relativeKey, options, [...ancestors, identity])
}

/** What Node puts in the place of bytes that are no UTF-8. */
const NOT_UNICODE = '\uFFFD'
const NAME_REFUSED = 'Its name is not valid Unicode, and S3 takes no other.'
const SPECIAL = 'It is a device, a pipe or a socket'
const LINK = 'It is a symbolic link inside a folder.'
const PARTIAL = /(?:^|\/)\.coffer-[0-9a-f]{16}\.part$/

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
}

function leadsNowhere(path: string): CofferError {
  return new CofferError('FILE_NOT_FOUND', `The link leads nowhere: ${path}`)
}
