import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OWNER } from '../../../../electron/localcloud/account.ts'
import { createKms, type Kms } from '../../../../electron/localcloud/kms/service.ts'
import { unwrap } from '../../../../electron/localcloud/wrap.ts'

const DAY = 86_400_000
const context = { a: 'b' }

let dataDir: string
let wrappingKey: Buffer
let now: number
let kms: Kms
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'coffer-kms-'))
  wrappingKey = randomBytes(32)
  now = Date.parse('2026-01-01T00:00:00Z')
  kms = start()
})
afterEach(() => {
  kms.close()
  rmSync(dataDir, { recursive: true })
})

function start(): Kms {
  return createKms({ dataDir, wrappingKey, now: () => now, principalExists: () => false })
}

function call(action: string, input: object): Record<string, unknown> {
  return kms.call(OWNER, action, input) as Record<string, unknown>
}

function createKey(): string {
  const { KeyMetadata } = call('CreateKey', {}) as { KeyMetadata: { KeyId: string } }
  return KeyMetadata.KeyId
}

function rotationsOf(KeyId: string): { RotationType: string; RotationDate: number }[] {
  return call('ListKeyRotations', { KeyId })['Rotations'] as { RotationType: string; RotationDate: number }[]
}

/** The data folder's bytes, the write-ahead log included. */
function bytesOnDisk(): Buffer {
  return Buffer.concat(readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name))))
}

function wrappedMaterials(): Buffer[] {
  const db = new DatabaseSync(join(dataDir, 'kms.db'), { readOnly: true })
  const rows = db.prepare('SELECT wrapped FROM materials ORDER BY version').all()
  db.close()
  return rows.map((row) => Buffer.from(row['wrapped'] as Uint8Array))
}

describe('automatic rotation', () => {
  it('happens once its day has come, and old ciphertexts stay readable', () => {
    const KeyId = createKey()
    call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
    const old = kms.port.generateDataKey(OWNER, KeyId, context)
    now += 90 * DAY - 1
    kms.settle()
    expect(rotationsOf(KeyId)).toEqual([])
    now += 1
    expect(rotationsOf(KeyId)).toMatchObject([{ RotationType: 'AUTOMATIC', RotationDate: now / 1000 }])
    expect(call('GetKeyRotationStatus', { KeyId })).toMatchObject({ NextRotationDate: (now + 90 * DAY) / 1000 })
    const fresh = kms.port.generateDataKey(OWNER, KeyId, context)
    expect(fresh.ciphertextBlob.readUInt32BE(17)).toBe(2)
    for (const { ciphertextBlob, plaintext } of [old, fresh]) {
      expect(kms.port.decrypt(OWNER, ciphertextBlob, context).plaintext).toEqual(plaintext)
    }
  })

  it('waits while the key is disabled, and is made up for once it is enabled', () => {
    const KeyId = createKey()
    call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
    call('DisableKey', { KeyId })
    now += 200 * DAY
    kms.settle()
    expect(rotationsOf(KeyId)).toEqual([])
    call('EnableKey', { KeyId })
    expect(rotationsOf(KeyId)).toHaveLength(1)
  })

  it('of the managed key is yearly', () => {
    const { keyArn } = kms.port.generateDataKey(OWNER, undefined, {})
    now += 366 * DAY
    kms.settle()
    expect(rotationsOf(keyArn)).toHaveLength(1)
  })
})

describe('deletion', () => {
  it('destroys the material, aliases and tags once its day has come', () => {
    const KeyId = createKey()
    call('CreateAlias', { AliasName: 'alias/gone', TargetKeyId: KeyId })
    call('TagResource', { KeyId, Tags: [{ TagKey: 'marked-tag', TagValue: 'x' }] })
    call('RotateKeyOnDemand', { KeyId })
    const { ciphertextBlob } = kms.port.generateDataKey(OWNER, KeyId, context)
    const wrapped = wrappedMaterials()
    expect(wrapped).toHaveLength(2)
    for (const material of wrapped) expect(bytesOnDisk().includes(material)).toBe(true)

    call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
    now += 7 * DAY - 1
    kms.settle()
    call('DescribeKey', { KeyId })
    now += 1
    expect(() => kms.port.decrypt(OWNER, ciphertextBlob, context)).toThrow(
      expect.objectContaining({ code: 'NotFoundException' }),
    )
    expect(() => call('DescribeKey', { KeyId: 'alias/gone' })).toThrow(
      expect.objectContaining({ code: 'NotFoundException' }),
    )
    for (const material of wrapped) expect(bytesOnDisk().includes(material)).toBe(false)
    expect(bytesOnDisk().includes('marked-tag')).toBe(false)
  })

  it('that came due while the server was down is done at its start', () => {
    const KeyId = createKey()
    call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
    kms.close()
    now += 8 * DAY
    kms = start()
    expect(() => call('DescribeKey', { KeyId })).toThrow(expect.objectContaining({ code: 'NotFoundException' }))
  })
})

describe('material at rest', () => {
  it('opens under its wrapping key alone, and cannot be moved to another key', () => {
    const [first, second] = [createKey(), createKey()]
    const { ciphertextBlob } = kms.port.generateDataKey(OWNER, first, context)
    kms.close()
    const db = new DatabaseSync(join(dataDir, 'kms.db'))
    db.prepare('UPDATE materials SET wrapped = (SELECT wrapped FROM materials WHERE key_id = ?) WHERE key_id = ?').run(
      second,
      first,
    )
    db.close()
    kms = start()
    expect(() => kms.port.decrypt(OWNER, ciphertextBlob, context)).toThrow()
    const right = kms.port.generateDataKey(OWNER, second, context)
    kms.close()
    wrappingKey = randomBytes(32)
    kms = start()
    expect(() => kms.port.decrypt(OWNER, right.ciphertextBlob, context)).toThrow()
  })

  it('nothing of it is in the data folder in the clear, nor what it protects', () => {
    const KeyId = createKey()
    call('RotateKeyOnDemand', { KeyId })
    const made = Array.from({ length: 5 }, () => kms.port.generateDataKey(OWNER, KeyId, context).plaintext)
    const materials = wrappedMaterials().map((row, i) => unwrap(wrappingKey, `${KeyId}|${i + 1}`, row))
    expect(materials).toHaveLength(2)
    const disk = bytesOnDisk()
    for (const secret of [...made, ...materials, wrappingKey]) {
      expect(secret).toHaveLength(32)
      expect(disk.includes(secret)).toBe(false)
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        expect(disk.includes(secret.toString(encoding))).toBe(false)
      }
    }
  })
})
