import { CofferError } from '../base/errors.ts'
import type { Journey } from '../base/journey.ts'
import type { ModeId } from '../base/mode-names.ts'
import { openContent, openedSize, sealContent } from '../envelope/content.ts'
import { legacyReason, type BoundWrap, type Content, type Envelope, type WrappedKey } from '../envelope/envelope.ts'
import type { WritableContent } from '../envelope/message.ts'
import { parseEnvelope } from '../envelope/parse.ts'
import { splitEnvelope, writeEnvelope } from '../envelope/write.ts'
import type { ModeOptions, ObjectFacts, ReadPlan, Recognition, Sealer, StoredFacts, WritePlan } from './mode.ts'
import { acknowledged, outerLayer, type Fetched } from './server-side.ts'
import { milliseconds, seen } from './steps.ts'

/** True if the object says that it was encrypted before it came to S3. Throws ENVELOPE_INVALID if it says so but is broken. */
export function hasEnvelope(facts: ObjectFacts): boolean {
  return envelopeOf(facts) !== null
}

/** Each step of a read asks anew what was parsed already. */
const parsed = new WeakMap<
  ObjectFacts['metadata'],
  { instruction: ObjectFacts['instruction']; envelope: Envelope | null }
>()

/** The object's envelope; null if it has none. Throws ENVELOPE_INVALID. */
export function envelopeOf({ metadata, instruction }: ObjectFacts): Envelope | null {
  const known = parsed.get(metadata)
  if (known !== undefined && known.instruction === instruction) return known.envelope
  const envelope = parseEnvelope(metadata, instruction)
  parsed.set(metadata, { instruction, envelope })
  return envelope
}

/** What an envelope says of its object. */
export function recogniseEnvelope(mode: ModeId, { content }: Envelope, keyId: string | undefined): Recognition {
  return { mode, keyId, format: content.format, algorithm: algorithmOf(content) }
}

/** The envelope of an object that is to be read in this mode. Throws NOT_SEALED, ENVELOPE_INVALID and LEGACY_NOT_ALLOWED. */
export function readableEnvelope(facts: ObjectFacts, options: ModeOptions): Envelope {
  const envelope = envelopeOf(facts)
  if (envelope === null) throw new CofferError('NOT_SEALED', 'The object was not encrypted before it came to S3.')
  const reason = legacyReason(envelope)
  if (reason !== null && options.allowLegacy !== true)
    throw new CofferError('LEGACY_NOT_ALLOWED', `The object is in an old, weaker format: ${reason}.`)
  return envelope
}

/** A plain data key and when it came into this computer's memory (`performance.now()`). */
export interface PlainDataKey {
  bytes: Buffer
  since: number
}

interface SealedWrite {
  mode: ModeId
  keyId: string
  format: 'v3' | 'v2'
  /** Where the envelope goes. */
  place: ModeOptions['envelope']
  dataKey: PlainDataKey
  wrapped: WrappedKey<BoundWrap>
  /** How the data key was made and wrapped. */
  keySteps: Journey
}

/** The rest of a client-side write, once its data key is wrapped. Takes the data key over and wipes it, whatever happens. */
export function sealedWrite({ mode, keyId, format, place, dataKey, wrapped, keySteps }: SealedWrite): WritePlan {
  const { content, sealer } = sealContent(format, dataKey.bytes)
  const key = { since: dataKey.since, wipedAt: performance.now() }
  const keyJourney = [...keySteps, ...derivation(content, 'write')]
  const whole = writeEnvelope(content, wrapped)
  const envelope = place === 'instruction' ? splitEnvelope(whole) : { metadata: whole }
  return sealedPlan({ mode, keyId, content, ...envelope, sealer, key, keyJourney })
}

interface Sealed {
  mode: ModeId
  keyId: string
  content: WritableContent
  metadata: Record<string, string>
  /** What of the envelope is in an instruction file. */
  instruction?: Record<string, string> | undefined
  sealer: Sealer
  /** When the plain data key came and went (`performance.now()`). */
  key: { since: number; wipedAt: number }
  /** How the key that enciphers came to be. */
  keyJourney: Journey
}

/** A client-side write whose cipher is ready. */
export function sealedPlan({
  mode,
  keyId,
  content,
  metadata,
  instruction,
  sealer,
  key,
  keyJourney,
}: Sealed): WritePlan {
  const cipher = timed(sealer)
  return {
    mode,
    keyId,
    format: content.format,
    encryption: {},
    customerKey: {},
    metadata,
    instruction,
    tags: {},
    sealer: cipher,
    journey: (stored) => [
      ...keyJourney,
      seen('computer', 'encrypt', 'This computer encrypts the file.', {
        algorithm: algorithmOf(content),
      }),
      forgotten(content, key.since, key.wipedAt, cipher.endedAt()),
      ...storage(stored, instruction !== undefined),
    ],
    dispose: () => cipher.forget(),
  }
}

interface SealedRead {
  facts: ObjectFacts
  recognition: Recognition
  envelope: Envelope
  dataKey: PlainDataKey
  keySteps: Journey
  replays: boolean | undefined
}

/** The rest of a client-side read, once its data key is unwrapped. Takes the data key over and wipes it, whatever happens. */
export function sealedRead({ facts, recognition, envelope, dataKey, keySteps, replays }: SealedRead): ReadPlan {
  const opener = openContent(envelope.content, dataKey.bytes, facts.size, replays)
  const replay = opener.replay?.bind(opener)
  const wipedAt = performance.now()
  let endedAt: number | undefined
  return {
    recognition,
    customerKey: {},
    opener: {
      update: (stored) => opener.update(stored),
      final() {
        const last = opener.final()
        endedAt = performance.now()
        return last
      },
      ...(replay && { replay }),
      forget: () => opener.forget(),
    },
    authenticated: envelope.content.cipher !== 'cbc',
    plaintextSize: openedSize(envelope.content, facts.size),
    journey: (fetched) => [
      ...readSteps(facts, envelope, keySteps, fetched),
      forgotten(envelope.content, dataKey.since, wipedAt, endedAt),
    ],
    dispose: () => opener.forget(),
  }
}

const METADATA = "the object's metadata"
const INSTRUCTION_FILE = 'the instruction file beside the object'
const LOST = 'its own memory, for the object itself has none'

/** Everything of a client-side read but how long its keys lived, which only a real one knows. */
export function readSteps(
  facts: ObjectFacts,
  { content, source }: Envelope,
  keySteps: Journey,
  fetched: Fetched,
): Journey {
  const where = facts.isRestored === true ? LOST : source === 'metadata' ? METADATA : INSTRUCTION_FILE
  return [
    seen('computer', 'fetch', `This computer reads the wrapped data key from ${where}.`, {
      versionId: facts.versionId,
    }),
    ...keySteps,
    ...derivation(content, 'read'),
    ...outerLayer('decrypt', facts.serverSideEncryption, facts.kmsKeyId),
    seen('s3', 'send', 'S3 sends the ciphertext to this computer.', {
      bytes: fetched.bytes ?? facts.size,
      requestId: fetched.requestId,
    }),
    seen('computer', 'decrypt', 'This computer decrypts the ciphertext.', { algorithm: algorithmOf(content) }),
    ...(content.cipher === 'cbc'
      ? []
      : [
          seen('computer', 'verify-tag', 'The tag at its end proves that nobody changed a bit of it.', {
            tagBits: 128,
          }),
        ]),
  ]
}

function storage(stored: StoredFacts, hasFile: boolean): Journey {
  const where = hasFile ? 'in an instruction file' : 'in its metadata'
  return [
    seen(
      'computer',
      'send',
      'This computer sends the ciphertext and the wrapped data key to S3, never the file or a plain key.',
      {
        bytes: stored.bytes,
      },
    ),
    ...outerLayer('encrypt', stored.serverSideEncryption, stored.kmsKeyId),
    acknowledged(stored, `S3 stores the ciphertext, with the wrapped data key ${where}.`),
  ]
}

/** How the key that enciphers is reached from the data key; on a read, and where an upload goes on, it is proven first. */
export function derivation(content: Content, direction: 'write' | 'read'): Journey {
  if (content.cipher !== 'gcm-committed') return []
  const commitment = content.commitment.toString('base64')
  const derive = seen('computer', 'derive-key', 'This computer derives the key that enciphers this one object.', {
    algorithm: 'HKDF-SHA512',
    messageId: content.messageId.toString('base64'),
    ...(direction === 'write' ? { commitment } : {}),
  })
  if (direction === 'write') return [derive]
  return [
    seen(
      'computer',
      'verify-commitment',
      'The commitment proves that this is the data key the object was sealed with.',
      {
        commitment,
      },
    ),
    derive,
  ]
}

/** Under V3 the data key goes as soon as the content key is derived; under the others the cipher holds it to its end. */
function forgotten(content: Content, since: number, wipedAt: number, endedAt: number | undefined): Journey[number] {
  const ended = endedAt === undefined ? undefined : milliseconds(since, endedAt)
  if (content.cipher === 'gcm-committed')
    return seen(
      'computer',
      'forget',
      'This computer wipes the plain data key at once, and lets the cipher go at its end.',
      {
        dataKeyMs: milliseconds(since, wipedAt),
        contentKeyMs: ended,
      },
    )
  return seen('computer', 'forget', 'This computer wipes the plain data key and lets the cipher go at its end.', {
    dataKeyMs: ended ?? milliseconds(since, wipedAt),
  })
}

function algorithmOf({ cipher }: Content): string {
  if (cipher === 'gcm-committed') return 'AES-256-GCM, key committed (HKDF-SHA512)'
  return cipher === 'gcm' ? 'AES-256-GCM' : 'AES-256-CBC, not authenticated'
}

function timed(sealer: Sealer): Sealer & { endedAt(): number | undefined } {
  let endedAt: number | undefined
  return {
    sealedSize: (size) => sealer.sealedSize(size),
    update: (plaintext) => sealer.update(plaintext),
    final() {
      endedAt = performance.now()
      return sealer.final()
    },
    forget: () => sealer.forget(),
    endedAt: () => endedAt,
  }
}
