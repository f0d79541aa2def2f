import { CofferError } from '../base/errors.ts'
import type { Journey } from '../base/journey.ts'
import type { EnvelopeFormat, ObservedMode } from '../base/mode-names.ts'
import { conclude, openReading, readThrough, type ReadDone, type Reading } from './reading.ts'
import { previewType, type PreviewType } from './preview-type.ts'
import type { Wanted } from './look.ts'
import type { Vault } from './vault.ts'

export interface Preview extends PreviewType {
  bytes: Buffer
  mode: ObservedMode
  keyId: string | undefined
  format: EnvelopeFormat | undefined
  /** What proved the content: the GCM tag, S3's checksum, or, of what S3 decrypts and keeps no checksum of, S3's own word. */
  proof: 'tag' | 'checksum' | 'none'
  /** What happened to its key on the way. */
  journey: Journey
}

/** What is shown at a glance; the rest is for a program of its own. */
const MAX_PREVIEW_BYTES = 8 * 1024 * 1024

/** More than an envelope's tag or padding can make of it. */
const SLACK = 64

/**
 * Reads a small object into memory, proves it, and only then hands it over; nothing touches the disk. What it is, its own
 * first bytes tell. Throws TOO_LARGE, UNSUPPORTED for what is neither text, image nor PDF, INTEGRITY for what was sealed in
 * a way that proves nothing, and what `get` throws, but for the disk.
 */
export async function preview(vault: Vault, wanted: Wanted, signal: AbortSignal): Promise<Preview> {
  const reading = await openReading(vault, wanted, signal)
  const { plan, facts } = reading
  try {
    if (facts.size > MAX_PREVIEW_BYTES + SLACK) throw tooLarge(wanted)
    if (plan.opener !== null && !plan.authenticated) {
      throw new CofferError('INTEGRITY', 'This old format cannot prove its content, so it is not previewed.', {
        hint: 'Save it as a file, if you trust where it comes from.',
      })
    }
    const { bytes, done } = await readWhole(vault, reading, signal)
    if (bytes.length > MAX_PREVIEW_BYTES) throw tooLarge(wanted)
    const type = previewType(bytes)
    if (type === null) {
      throw new CofferError('UNSUPPORTED', `s3://${wanted.bucket}/${wanted.key} is neither text, an image nor a PDF.`, {
        hint: 'Save it as a file to open it.',
      })
    }
    return { ...type, bytes, proof: done.proof, ...conclude(vault, wanted, reading, done) }
  } finally {
    plan.dispose()
  }
}

async function readWhole(
  vault: Vault,
  reading: Reading,
  signal: AbortSignal,
): Promise<{ bytes: Buffer; done: ReadDone }> {
  const bytes = Buffer.alloc(reading.facts.size)
  let at = 0
  const done = await readThrough(
    vault,
    reading,
    (piece) => {
      bytes.set(piece, at)
      at += piece.length
    },
    { signal, checksum: true },
  )
  return { bytes: bytes.subarray(0, at), done }
}

function tooLarge({ bucket, key }: Wanted): CofferError {
  return new CofferError('TOO_LARGE', `s3://${bucket}/${key} is too large for a preview (8 MiB at most).`, {
    hint: 'Save it as a file to open it.',
  })
}
