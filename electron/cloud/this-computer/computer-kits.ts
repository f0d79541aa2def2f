import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ComputerKit } from '../../base/computer-kit.ts'
import { CofferError, isCofferError } from '../../base/errors.ts'
import { rootKeyCheck, rootKeyId } from '../../base/root-key-id.ts'
import type { Settings } from '../../store/settings.ts'
import { holdsVault, readKmsBackup, rootKeyIdOf } from './data-folder.ts'

/** What is known of the recovery kit of a data folder. */
export interface KitStatus {
  /** Names the root key. */
  id: string
  /** When a kit with this root key was last saved; null: losing this computer's keychain loses the folder. */
  savedAt: Date | null
  /** False if KMS keys were made or changed since. */
  isCurrent: boolean
}

/** A root key that came in a kit. */
export interface TakenComputer {
  id: string
  taken: 'new' | 'known'
  /** Where the data folder was when the kit was made. */
  dataDir: string
}

/** This computer's part in recovery kits. */
export interface ComputerKits {
  /** Null if This computer has no data yet, or the folder is not there. */
  status(): KitStatus | null
  /**
   * What a kit that is made now holds of This computer; null if it has no data. The caller zeroes the root key. Throws
   * FILE_NOT_FOUND if the data folder is not there, and as `ThisComputer.ensure`.
   */
  parts(): Promise<ComputerKit | null>
  markSaved(kit: ComputerKit, at: Date): void
  /**
   * Throws KEY_WRONG or FILE_NOT_FOUND unless the kit may be the one of this folder, and INVALID_INPUT if the kit holds
   * nothing of a This computer.
   */
  requireFolder(kit: ComputerKit | null, dataDir: string): void
  /**
   * Keeps the kit's root key, and, in memory, its copy of the KMS keys for the next start of the folder, which is named where
   * it does not say itself which root key it has. `madeAt` is when the kit was saved. The caller zeroes the root key. Throws
   * KEYCHAIN_*, PASSPHRASE_*.
   */
  take(kit: ComputerKit, options: { dataDir?: string | undefined; madeAt: Date }): Promise<TakenComputer>
}

/** What a kit brought for the next start of a folder. */
export interface KitForStart {
  id: string
  kmsBackup: Buffer | null
}

export interface ComputerKitsOptions {
  settings: Settings
  dataDir: () => string
  /** A server has started in this folder before. */
  isUsed(dataDir: string): boolean
  rootKeyFor(dataDir: string): Promise<{ rootKey: Buffer; owner: ComputerKit['owner'] }>
  takeIdentity(kit: ComputerKit): Promise<'new' | 'known'>
  /** Starts the server, which writes the backup of its KMS keys. */
  start(): Promise<unknown>
}

/** `forStart` is what a kit brought for a folder, by the folder and by the id of its root key. */
export function openComputerKits(
  options: ComputerKitsOptions,
): ComputerKits & { forStart(dataDir: string): KitForStart | null } {
  const { settings, dataDir } = options
  const brought = new Map<string, KitForStart>()
  const markSaved = ({ rootKey, kmsBackup }: ComputerKit, at: Date): void => {
    settings.set(settingOf(idOf(rootKey)), { at: at.getTime(), kms: digestOf(kmsBackup) })
  }

  return {
    status() {
      const id = rootKeyIdOf(dataDir())
      if (id === null) return null
      const saved = settings.get(settingOf(id), readSaved)
      const isCurrent = saved !== null && saved.kms === digestOf(readKmsBackup(dataDir()))
      return { id, savedAt: saved === null ? null : new Date(saved.at), isCurrent }
    },

    async parts() {
      const folder = dataDir()
      if (!holdsVault(folder)) {
        if (options.isUsed(folder)) throw folderMissing(folder)
        return null
      }
      try {
        if (readKmsBackup(folder) === null) await options.start()
        return { ...(await options.rootKeyFor(folder)), dataDir: folder, kmsBackup: readKmsBackup(folder) }
      } catch (error) {
        throw orKeysAlone(error)
      }
    },

    markSaved,

    requireFolder(kit, chosen) {
      if (kit === null) throw noComputerInKit()
      const folder = resolve(chosen)
      if (!existsSync(folder)) {
        throw new CofferError('FILE_NOT_FOUND', `There is no folder ${folder}.`, {
          hint: 'Name the folder that holds the data of This computer, or a copy of it.',
        })
      }
      if (!holdsVault(folder)) {
        throw new CofferError('FILE_NOT_FOUND', `There is no data of a This computer in ${folder}.`, {
          hint: 'Name the folder with s3.db, kms.db and objects in it.',
        })
      }
      const id = rootKeyIdOf(folder)
      if (id !== null && id !== idOf(kit.rootKey)) throw otherFolder(folder)
    },

    async take(kit, { dataDir: chosen, madeAt }) {
      const id = idOf(kit.rootKey)
      const taken = await options.takeIdentity(kit)
      if (settings.get(settingOf(id), readSaved) === null) markSaved(kit, madeAt)
      const entry = { id, kmsBackup: kit.kmsBackup }
      brought.set(id, entry)
      if (chosen !== undefined) brought.set(resolve(chosen), entry)
      return { id, taken, dataDir: kit.dataDir }
    },

    forStart: (folder) => brought.get(rootKeyIdOf(folder) ?? folder) ?? null,
  }
}

function idOf(rootKey: Uint8Array): string {
  return rootKeyId(rootKeyCheck(rootKey))
}

function settingOf(id: string): string {
  return `local.kit.${id}`
}

interface Saved {
  at: number
  kms: string | null
}

function readSaved(value: unknown): Saved {
  const { at, kms } = value as Partial<Saved>
  return { at: Number(at), kms: typeof kms === 'string' ? kms : null }
}

function digestOf(kmsBackup: Buffer | null): string | null {
  return kmsBackup === null ? null : createHash('sha256').update(kmsBackup).digest('hex')
}

/** What keeps This computer out of a kit keeps no other key out of it. */
function orKeysAlone(error: unknown): unknown {
  if (!isCofferError(error) || !['KEY_WRONG', 'INTEGRITY', 'LOCAL_SERVER', 'LOCAL_IO'].includes(error.code))
    return error
  return new CofferError(error.code, error.message, {
    cause: error,
    hint: `${error.hint} ${KEYS_ALONE}`,
    facts: { ...error.facts, ...WITHOUT_COMPUTER },
  })
}

/** A kit of keys alone can be saved; the window offers it. */
const WITHOUT_COMPUTER = { thisComputer: 'unavailable' }
const KEYS_ALONE = 'Or save a kit of your keys alone: --keys-only.'

function folderMissing(folder: string): CofferError {
  return new CofferError(
    'FILE_NOT_FOUND',
    `This computer's data folder ${folder} is not there, and a kit holds its KMS keys.`,
    {
      hint: `Connect the disk it is on. ${KEYS_ALONE}`,
      facts: WITHOUT_COMPUTER,
    },
  )
}

function noComputerInKit(): CofferError {
  return new CofferError('INVALID_INPUT', 'This recovery kit holds no root key of a This computer.', {
    hint: 'Take a kit that was saved after This computer was first used. The keys of this one: coffer key restore FILE.',
  })
}

function otherFolder(folder: string): CofferError {
  return new CofferError(
    'KEY_WRONG',
    `The data in ${folder} belongs to another This computer than this recovery kit.`,
    {
      hint: 'Take the kit that was saved where that folder was in use.',
      facts: { rootKey: 'other' },
    },
  )
}
