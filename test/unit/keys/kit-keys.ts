import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { ComputerKit } from '../../../electron/base/computer-kit.ts'
import { isCofferError } from '../../../electron/base/errors.ts'
import { parseKey } from '../../../electron/keys/import.ts'
import type { KeyForKit, KitParts } from '../../../electron/keys/kit.ts'

export const PASSPHRASE = 'correct horse battery'
/** scrypt is slow by design; what is tested here is not its strength. */
export const options = { workFactor: 2, madeAt: new Date('2026-04-01T09:30:00.000Z') }
export const createdAt = new Date('2026-03-01T08:00:00.000Z')

export const aes = randomBytes(32)
export const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
const spki = other.publicKey.export({ type: 'spki', format: 'der' })

/** One key of each kind. */
export function keysForKit(): KeyForKit[] {
  const pem = (der: Buffer, label: string): string =>
    `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`
  return [
    { id: parseKey(aes).id, name: 'mine', kind: 'aes-256', createdAt, purpose: 'sse-c', bytes: Buffer.from(aes) },
    {
      id: parseKey(pem(pkcs8, 'PRIVATE KEY')).id,
      name: 'pair',
      kind: 'rsa-pair',
      createdAt,
      purpose: 'cse',
      bytes: Buffer.from(pkcs8),
    },
    {
      id: parseKey(pem(spki, 'PUBLIC KEY')).id,
      name: 'half',
      kind: 'rsa-public',
      createdAt,
      purpose: 'cse',
      bytes: Buffer.from(spki),
    },
  ]
}

const rootKey = randomBytes(32)
const kmsBackup = randomBytes(300)

export function computerForKit(): ComputerKit {
  const owner = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'a secret access key of a test' }
  return { rootKey: Buffer.from(rootKey), owner, dataDir: '/home/ann/vault', kmsBackup: Buffer.from(kmsBackup) }
}

export function partsForKit(): KitParts {
  return { keys: keysForKit(), thisComputer: computerForKit() }
}

/** The code with which it fails, or `opened`. */
export const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'opened'
  } catch (error) {
    if (isCofferError(error)) return error.code
    throw error
  }
}
