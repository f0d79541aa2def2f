import { randomBytes, randomInt } from 'node:crypto'
import { zero } from '../../base/bytes.ts'
import { userArn } from '../account.ts'
import { openBackedUp, type Restored } from '../backed-up-database.ts'
import { statements } from '../database.ts'
import { KmsError } from '../request.ts'
import { unwrap, wrap } from '../wrap.ts'
import type { Credential } from './verify.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS principals (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    unique_id TEXT NOT NULL UNIQUE,
    access_key_id TEXT NOT NULL UNIQUE,
    wrapped_secret BLOB NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT`

/** A principal besides the owner. */
export interface PrincipalRecord {
  Name: string
  Arn: string
  AccessKeyId: string
  /** Seconds since the epoch. */
  CreateDate: number
}

/** The principals the owner has made; their secrets rest wrapped. */
export interface Principals {
  /** Why they were restored from their backup, if they were. */
  restored: Restored | undefined
  create: (name: string) => PrincipalRecord & { SecretAccessKey: string }
  list: () => PrincipalRecord[]
  /** Answers the unique id that stands for the deleted principal from now on. */
  delete: (name: string) => { arn: string; uniqueId: string }
  find: (accessKeyId: string) => Credential | undefined
  exists: (arn: string) => boolean
  close: () => void
}

export function openPrincipals(dataDir: string, wrappingKey: Buffer, now: () => number): Principals {
  const options = { dataDir, name: 'principals', schema: SCHEMA, tables: ['principals'], key: wrappingKey }
  const { db, change, restored } = openBackedUp(options)
  const sql = statements(db)
  const byName = (name: string) => sql('SELECT * FROM principals WHERE name = ?').get(name)
  return {
    restored,
    create(name) {
      if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
        throw new KmsError('ValidationException', 'A name has 1 to 64 letters, digits or + = , . @ _ -')
      }
      if (byName(name)) throw new KmsError('AlreadyExistsException', `The principal ${name} exists already`)
      const uniqueId = `AIDA${randomId(17)}`
      const accessKeyId = `AKIA${randomId(16)}`
      const secret = randomBytes(30)
      const secretAccessKey = secret.toString('base64')
      const text = Buffer.from(secretAccessKey)
      const wrapped = wrap(wrappingKey, accessKeyId, text)
      zero(secret, text)
      const createdAt = now()
      const insert = sql('INSERT INTO principals VALUES (?, ?, ?, ?, ?)')
      change(() => void insert.run(name, uniqueId, accessKeyId, wrapped, createdAt))
      return {
        Name: name,
        Arn: userArn(name),
        AccessKeyId: accessKeyId,
        CreateDate: createdAt / 1000,
        SecretAccessKey: secretAccessKey,
      }
    },
    list() {
      const rows = sql('SELECT name, access_key_id, created_at FROM principals ORDER BY name').all()
      return rows.map((row) => ({
        Name: String(row['name']),
        Arn: userArn(String(row['name'])),
        AccessKeyId: String(row['access_key_id']),
        CreateDate: Number(row['created_at']) / 1000,
      }))
    },
    delete(name) {
      const row = byName(name)
      if (!row) throw new KmsError('NotFoundException', `There is no principal ${name}`)
      change(() => void sql('DELETE FROM principals WHERE name = ?').run(name))
      return { arn: userArn(String(row['name'])), uniqueId: String(row['unique_id']) }
    },
    find(accessKeyId) {
      const row = sql('SELECT name, wrapped_secret FROM principals WHERE access_key_id = ?').get(accessKeyId)
      if (!row) return undefined
      return {
        principal: { arn: userArn(String(row['name'])), isOwner: false },
        secret: () => {
          const secret = unwrap(wrappingKey, accessKeyId, row['wrapped_secret'] as Uint8Array)
          const text = secret.toString()
          zero(secret)
          return text
        },
      }
    },
    exists(arn) {
      const [, name] = /:user\/(.+)$/.exec(arn) ?? []
      const row = name === undefined ? undefined : byName(name)
      return row !== undefined && userArn(String(row['name'])) === arn
    },
    close: () => db.close(),
  }
}

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function randomId(length: number): string {
  return Array.from({ length }, () => ID_ALPHABET.charAt(randomInt(ID_ALPHABET.length))).join('')
}
