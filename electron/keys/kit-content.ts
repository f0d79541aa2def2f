import { createPrivateKey, createPublicKey } from 'node:crypto'
import * as z from 'zod'
import { fromBase64, toBase64, zero } from '../base/bytes.ts'
import type { ComputerKit } from '../base/computer-kit.ts'
import { CofferError } from '../base/errors.ts'
import { KEY_PURPOSES, type RecordedPurpose } from '../base/key-purpose.ts'
import { decodeText } from '../base/text.ts'
import { parseKey } from './import.ts'
import type { KeyKind } from './keyring.ts'
import { aesMaterial, type Material } from './material.ts'

/*
 * The content of a recovery kit: JSON that a person can read and use without Coffer. A field that an older Coffer can do
 * without is added to the newest version, and readers ignore those that they do not know. Anything else gets a new version.
 * Every version is read for ever.
 */

const FORMAT = 'coffer-recovery-kit'
/** 2: `thisComputer`, and `keys` may be empty. */
const VERSION = 2

/** A key on its way into a kit. `bytes` as CustomerKeys.export gives them: 32 bytes, PKCS #8, or SPKI in DER. */
export interface KeyForKit {
  id: string
  name: string
  kind: KeyKind
  createdAt: Date
  purpose: RecordedPurpose
  bytes: Buffer
}

/** A key out of a kit. Its secret is the holder's to zero. */
export interface KeyFromKit extends Material {
  name: string
  createdAt: Date
  /** `unknown` if the kit does not say it. */
  purpose: RecordedPurpose
}

export interface KitContent {
  madeAt: Date
  keys: KeyFromKit[]
  /** What opens the data folder of a This computer; null in a kit of keys alone. */
  thisComputer: ComputerKit | null
}

/** Says, inside the kit, what the person holds and how it is used with other tools. */
const HOW_TO_USE = [
  'These are keys for files in S3. Whoever has this text can read those files: show it to nobody, and delete it after use.',
  'With Coffer: coffer key restore THE-SEALED-KIT',
  'aes-256: 32 bytes in base64. As a file: printf %s BASE64 | base64 -d > mine.key',
  'An object under SSE-C: aws s3 cp s3://BUCKET/KEY FILE --sse-c AES256 --sse-c-key fileb://mine.key',
  'An object under CSE-C (it has x-amz-3 or x-amz-key-v2 in its metadata): any Amazon S3 Encryption Client that reads format V3 (x-amz-3) or V2 (x-amz-key-v2), with this key as its raw AES key (aes-256) or its raw RSA key pair (rsa-pair, private key in PKCS #8).',
  'The client of the AWS SDK for Java 1 compares the materials description as well: new EncryptionMaterials(KEY).addDescription("coffer-key", "ID"), ID being the id of the key in this list. Other clients do not look at it.',
  'rsa-public: the public half only. It encrypts and cannot decrypt.',
  'purpose: sse-c is a key that is sent to servers (SSE-C); cse is one that encrypts files before they are sent (CSE-C), and is never sent.',
  "thisComputer: the root key (32 bytes in base64) that opens the data folder of Coffer's own S3 and KMS, the owner's access key, and a sealed copy of its KMS keys. With Coffer: coffer up --data FOLDER --kit THE-SEALED-KIT",
]

/** Zeroes the secrets of an opened kit. */
export function forgetKit({ keys, thisComputer }: Pick<KitContent, 'keys' | 'thisComputer'>): void {
  zero(...keys.map(({ secret }) => secret), thisComputer?.rootKey)
}

/** The caller zeroes the bytes. The base64 in between are JavaScript strings, which cannot be. */
export function serialiseKit(keys: KeyForKit[], thisComputer: ComputerKit | null, madeAt: Date): Buffer {
  const content = {
    format: FORMAT,
    version: VERSION,
    made: madeAt.toISOString(),
    howToUse: HOW_TO_USE,
    keys: keys.map(({ id, name, kind, createdAt, purpose, bytes }) => ({
      id,
      name,
      kind,
      created: createdAt.toISOString(),
      // A key that was not used yet may be used by the time that the kit is opened.
      ...(purpose === 'unused' || purpose === 'unknown' ? {} : { purpose }),
      ...materialOf(kind, bytes),
    })),
    ...(thisComputer === null ? {} : { thisComputer: computerOf(thisComputer) }),
  }
  return Buffer.from(`${JSON.stringify(content, null, 2)}\n`)
}

function computerOf({ rootKey, owner, dataDir, kmsBackup }: ComputerKit): Record<string, unknown> {
  return {
    rootKeyBase64: toBase64(rootKey),
    owner,
    dataFolder: dataDir,
    ...(kmsBackup === null ? {} : { kmsBackupBase64: toBase64(kmsBackup) }),
  }
}

function materialOf(kind: KeyKind, bytes: Buffer): Record<string, unknown> {
  if (kind === 'aes-256') return { base64: toBase64(bytes) }
  if (kind === 'rsa-public') {
    return { publicKeyPem: createPublicKey({ key: bytes, format: 'der', type: 'spki' }).export(SPKI) }
  }
  const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  return { privateKeyPem: key.export(PKCS8), publicKeyPem: createPublicKey(key).export(SPKI) }
}

const PKCS8 = { format: 'pem', type: 'pkcs8' } as const
const SPKI = { format: 'pem', type: 'spki' } as const

const common = {
  id: z.string().regex(/^[0-9a-f]{32}$/),
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  name: z.string().regex(/^[^\u0000-\u001f\u007f]{1,100}$/),
  created: z.iso.datetime(),
  /** One that a newer Coffer knows is unknown here. */
  purpose: z.string().optional(),
}
/** Material of another kind of key is no field that may be ignored. */
const absent = z.never().optional()
const entry = z.discriminatedUnion('kind', [
  z.object({ ...common, kind: z.literal('aes-256'), base64: z.string(), privateKeyPem: absent, publicKeyPem: absent }),
  z.object({
    ...common,
    kind: z.literal('rsa-pair'),
    base64: absent,
    privateKeyPem: z.string(),
    publicKeyPem: z.string(),
  }),
  z.object({
    ...common,
    kind: z.literal('rsa-public'),
    base64: absent,
    privateKeyPem: absent,
    publicKeyPem: z.string(),
  }),
])
type Entry = z.infer<typeof entry>

const computerEntry = z.object({
  rootKeyBase64: z.string(),
  owner: z.object({ accessKeyId: z.string().min(16).max(128), secretAccessKey: z.string().min(16).max(128) }),
  dataFolder: z.string(),
  kmsBackupBase64: z.string().optional(),
})
const header = z.object({ format: z.literal(FORMAT), version: z.int() })
const content = z
  .object({
    format: z.literal(FORMAT),
    version: z.int().min(1).max(VERSION),
    made: z.iso.datetime(),
    howToUse: z.array(z.string()),
    keys: z.array(entry),
    thisComputer: computerEntry.optional(),
  })
  .refine(({ keys, thisComputer }) => keys.length > 0 || thisComputer !== undefined)

/** True for the JSON of a kit, as age decrypts it or an editor has saved it since. */
export function looksLikePlainKit(bytes: Uint8Array): boolean {
  const text = decodeText(bytes)?.trimStart()
  return text?.startsWith('{') === true && text.includes(`"${FORMAT}"`)
}

/**
 * Reads an opened kit: every key is what its id and kind say, and no id stands twice. All of it or nothing. Throws
 * INVALID_INPUT if it is something else, INTEGRITY if it was changed, UNSUPPORTED for a version that is newer.
 */
export function parseKit(plaintext: Uint8Array): KitContent {
  const json = jsonOf(plaintext)
  const { success: isKit, data } = header.safeParse(json)
  if (!isKit) throw otherContent(json)
  if (data.version > VERSION) {
    throw new CofferError('UNSUPPORTED', 'The recovery kit was made by a newer version of Coffer.', {
      hint: 'Update Coffer, or open the kit with age: it says how its keys are used.',
    })
  }
  const parsed = content.safeParse(json)
  if (!parsed.success || new Set(parsed.data.keys.map(({ id }) => id)).size !== parsed.data.keys.length) throw broken()
  const kit: KitContent = { madeAt: new Date(parsed.data.made), keys: [], thisComputer: null }
  try {
    for (const each of parsed.data.keys) kit.keys.push(keyOf(each))
    if (parsed.data.thisComputer !== undefined) kit.thisComputer = computerIn(parsed.data.thisComputer)
  } catch (error) {
    forgetKit(kit)
    throw error
  }
  return kit
}

function computerIn({ rootKeyBase64, owner, dataFolder, kmsBackupBase64 }: z.infer<typeof computerEntry>): ComputerKit {
  const rootKey = fromBase64(rootKeyBase64)
  const kmsBackup = kmsBackupBase64 === undefined ? null : fromBase64(kmsBackupBase64)
  const isWhole = rootKey?.length === 32 && (kmsBackup === null) === (kmsBackupBase64 === undefined)
  if (rootKey !== null && isWhole) return { rootKey, owner, dataDir: dataFolder, kmsBackup }
  zero(rootKey)
  throw broken()
}

/** Null for what is no JSON; the error would quote the text. */
function jsonOf(plaintext: Uint8Array): unknown {
  try {
    return JSON.parse(decodeText(plaintext) ?? '')
  } catch {
    return null
  }
}

/** The file opened, so it is whole: it is another file, or something has edited what was in it. */
function otherContent(json: unknown): CofferError {
  const fields = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  if (fields['format'] === FORMAT) return broken()
  if (fields['coffer'] === 'secrets') {
    return new CofferError(
      'INVALID_INPUT',
      'This is no recovery kit but the file in which a Coffer keeps all its keys.',
      {
        hint: "Put it into Coffer's folder as keys.age, or make a kit where it belongs: coffer key kit --all FILE.",
      },
    )
  }
  return new CofferError('INVALID_INPUT', 'The passphrase opens this file, but there is no recovery kit in it.', {
    hint: 'If it holds a key: age -d FILE | coffer key import -',
  })
}

function keyOf(each: Entry): KeyFromKit {
  const material = materialIn(each)
  const fits = material.id === each.id && material.kind === each.kind
  if (fits && (each.kind !== 'rsa-pair' || material.publicKey === each.publicKeyPem)) {
    return { ...material, name: each.name, createdAt: new Date(each.created), purpose: purposeIn(each) }
  }
  zero(material.secret)
  throw broken()
}

/** Where a kit says nothing that can be acted on, a key is treated as one that may have encrypted files. */
function purposeIn({ kind, purpose }: Entry): RecordedPurpose {
  if (kind !== 'aes-256') return 'cse'
  return KEY_PURPOSES.find((known) => known === purpose) ?? 'unknown'
}

function materialIn(each: Entry): Material {
  try {
    if (each.kind === 'rsa-pair') return parseKey(each.privateKeyPem)
    if (each.kind === 'rsa-public') return parseKey(each.publicKeyPem)
  } catch {
    throw broken()
  }
  const bytes = fromBase64(each.base64)
  if (bytes?.length !== 32) throw broken()
  return aesMaterial(bytes)
}

function broken(): CofferError {
  return new CofferError('INTEGRITY', 'What is in the recovery kit is not what a kit holds.', {
    hint: 'Take another copy of the kit. Nothing was taken from this one.',
  })
}
