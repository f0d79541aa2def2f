import { randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OWNER } from '../../../../electron/localcloud/account.ts'
import { openPrincipals } from '../../../../electron/localcloud/auth/principals.ts'
import { NoBackupError } from '../../../../electron/localcloud/backed-up-database.ts'
import { createKms, type Kms } from '../../../../electron/localcloud/kms/service.ts'

const wrappingKey = randomBytes(32)
let dataDir = ''
let kms: Kms
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'coffer-kms-backup-'))
  kms = open()
})
afterEach(() => {
  kms.close()
  rmSync(dataDir, { recursive: true })
})

const file = (name: string): string => join(dataDir, name)

function open(kit?: Uint8Array): Kms {
  return createKms({ dataDir, wrappingKey, now: Date.now, principalExists: () => true, kit })
}

/** Stops it, does something to its files, and opens it again. */
function reopenAfter(damage: () => void, kit?: Uint8Array): void {
  kms.close()
  damage()
  kms = open(kit)
}

function removeDatabase(): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file(`kms.db${suffix}`), { force: true })
}

/** A key that has been rotated, with an alias and a tag; and what each of its materials has encrypted. */
function makeKey() {
  const { KeyMetadata } = kms.call(OWNER, 'CreateKey', {}) as { KeyMetadata: { KeyId: string } }
  const KeyId = KeyMetadata.KeyId
  const seal = (): string => {
    const { CiphertextBlob } = kms.call(OWNER, 'Encrypt', { KeyId, Plaintext: btoa('secret') }) as {
      CiphertextBlob: Buffer
    }
    return CiphertextBlob.toString('base64')
  }
  const blobs = [seal()]
  kms.call(OWNER, 'RotateKeyOnDemand', { KeyId })
  kms.call(OWNER, 'CreateAlias', { AliasName: `alias/${KeyId}`, TargetKeyId: KeyId })
  kms.call(OWNER, 'TagResource', { KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] })
  blobs.push(seal())
  return { KeyId, blobs }
}

function expectWhole({ KeyId, blobs }: ReturnType<typeof makeKey>): void {
  for (const CiphertextBlob of blobs) {
    const { Plaintext } = kms.call(OWNER, 'Decrypt', { CiphertextBlob }) as { Plaintext: Buffer }
    expect(Plaintext.toString()).toBe('secret')
  }
  const described = kms.call(OWNER, 'DescribeKey', { KeyId: `alias/${KeyId}` })
  expect(described).toMatchObject({ KeyMetadata: { KeyId } })
  expect(kms.call(OWNER, 'ListResourceTags', { KeyId })).toMatchObject({ Tags: [{ TagKey: 'a', TagValue: 'b' }] })
}

describe('kms.db comes back from kms.backup', () => {
  const damages: [string, 'lost' | 'damaged', () => void][] = [
    ['lost', 'lost', removeDatabase],
    ['cut short', 'damaged', () => truncateSync(file('kms.db'), 5000)],
    ['empty of sense', 'damaged', () => writeFileSync(file('kms.db'), randomBytes(40_000))],
  ]
  it.each(damages)('when it is %s', (_what, why, damage) => {
    const key = makeKey()
    reopenAfter(damage)
    expect(kms.restored).toMatchObject({ why, from: 'backup' })
    expectWhole(key)
    if (why === 'damaged') expect(readdirSync(file('found'))).toContain('kms.db')
    expectWhole(makeKey())
  })

  it('when it is older, as an old copy that was put in its place', () => {
    const first = makeKey()
    kms.close()
    cpSync(file('kms.db'), file('old.db'))
    kms = open()
    const second = makeKey()
    reopenAfter(() => {
      removeDatabase()
      cpSync(file('old.db'), file('kms.db'))
    })
    expect(kms.restored).toBeDefined()
    expectWhole(first)
    expectWhole(second)
  })
})

it('a lost backup is made anew, and so is one that is damaged', () => {
  const key = makeKey()
  for (const damage of [() => rmSync(file('kms.backup')), () => writeFileSync(file('kms.backup'), 'nonsense')]) {
    reopenAfter(damage)
    expect(kms.restored).toBeUndefined()
    reopenAfter(removeDatabase)
    expect(kms.restored).toMatchObject({ why: 'lost' })
    expectWhole(key)
  }
})

it("a kit's copy opens a folder that has lost both", () => {
  const key = makeKey()
  const kit = readFileSync(file('kms.backup'))
  reopenAfter(() => {
    removeDatabase()
    rmSync(file('kms.backup'))
  }, kit)
  expect(kms.restored).toMatchObject({ why: 'lost', from: 'kit' })
  expectWhole(key)
  expect(existsSync(file('kms.backup'))).toBe(true)
})

it("a kit's older copy changes nothing", () => {
  const first = makeKey()
  const kit = readFileSync(file('kms.backup'))
  const second = makeKey()
  reopenAfter(() => undefined, kit)
  expect(kms.restored).toBeUndefined()
  expectWhole(first)
  expectWhole(second)
})

it('without any backup a damaged kms.db is refused and stays where it is', () => {
  kms.close()
  rmSync(file('kms.backup'))
  truncateSync(file('kms.db'), 5000)
  expect(() => open()).toThrow(NoBackupError)
  expect(readFileSync(file('kms.db'))).toHaveLength(5000)
  removeDatabase()
  kms = open()
  expect(kms.isFresh).toBe(true)
})

it('a destroyed key is gone from the backup, too', () => {
  const { KeyId } = makeKey()
  kms.close()
  let now = Date.now()
  kms = createKms({ dataDir, wrappingKey, now: () => now, principalExists: () => true })
  kms.call(OWNER, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  now += 8 * 86_400_000
  kms.settle()
  reopenAfter(removeDatabase)
  expect(kms.call(OWNER, 'ListKeys', {})).toMatchObject({ Keys: [] })
})

it('a change that fails is neither in the database nor in the backup', () => {
  const key = makeKey()
  const failing = { KeyId: key.KeyId, Tags: [{ TagKey: 'aws:no', TagValue: '' }] }
  expect(() => kms.call(OWNER, 'CreateKey', failing)).toThrow(/aws:/)
  reopenAfter(removeDatabase)
  expect((kms.call(OWNER, 'ListKeys', {}) as { Keys: object[] }).Keys).toHaveLength(1)
})

it('principals come back from their backup, with their secrets', () => {
  const principals = openPrincipals(dataDir, wrappingKey, Date.now)
  const { AccessKeyId, SecretAccessKey } = principals.create('ada')
  principals.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(file(`principals.db${suffix}`), { force: true })
  const again = openPrincipals(dataDir, wrappingKey, Date.now)
  expect(again.restored).toMatchObject({ why: 'lost' })
  expect(again.find(AccessKeyId)?.secret()).toBe(SecretAccessKey)
  again.close()
})
