import { toBase64 } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { asciiJson } from './description.ts'
import type { BoundWrap, WrappedKey } from './envelope.ts'
import { V2_GCM_NAME, V3_SUITE_NAME } from './envelope.ts'
import type { WritableContent } from './message.ts'
import { OLD, V3, V3_ON_OBJECT } from './names.ts'

const V3_CODES: Record<BoundWrap, string> = { 'AES/GCM': '02', 'kms+context': '12', 'RSA-OAEP-SHA1': '22' }

/** S3 takes 2 KiB of user metadata an object (names and values); some of it is left for the file's own. */
const MAX_ENVELOPE_BYTES = 2048 - 128

/**
 * The user metadata of one object's envelope, ASCII only. V3 never carries `x-amz-unencrypted-content-length`: some readers
 * then take it for V2 and refuse it. Throws INVALID_INPUT if an encryption context makes it longer than S3 stores.
 */
export function writeEnvelope(content: WritableContent, wrapped: WrappedKey<BoundWrap>): Record<string, string> {
  const metadata = content.format === 'v3' ? writeV3(content, wrapped) : writeV2(content, wrapped)
  const size = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (size > MAX_ENVELOPE_BYTES)
    throw new CofferError(
      'INVALID_INPUT',
      `The envelope would take ${size} bytes of metadata, and S3 stores 2048 in all. Make the encryption context shorter.`,
    )
  return metadata
}

function writeV3(
  content: Extract<WritableContent, { format: 'v3' }>,
  { algorithm, bytes, description }: WrappedKey<BoundWrap>,
): Record<string, string> {
  const metadata: Record<string, string> = {
    [V3.cipher]: V3_SUITE_NAME,
    [V3.key]: toBase64(bytes),
    [V3.wrap]: V3_CODES[algorithm],
    [V3.commitment]: toBase64(content.commitment),
    [V3.messageId]: toBase64(content.messageId),
  }
  if (Object.keys(description).length > 0)
    metadata[algorithm === 'kms+context' ? V3.context : V3.description] = asciiJson(description)
  return metadata
}

function writeV2(
  content: Extract<WritableContent, { format: 'v2' }>,
  { algorithm, bytes, description }: WrappedKey<BoundWrap>,
): Record<string, string> {
  return {
    [OLD.keyV2]: toBase64(bytes),
    [OLD.iv]: toBase64(content.iv),
    [OLD.cipher]: V2_GCM_NAME,
    [OLD.wrap]: algorithm,
    [OLD.description]: asciiJson(description),
    [OLD.tagLength]: '128',
  }
}

/**
 * The envelope of an object with an instruction file, in the two parts that Amazon's clients read: of V3 what the wrapping
 * key does not change stays on the object; of V2 all is in the file.
 */
export function splitEnvelope(envelope: Record<string, string>): {
  metadata: Record<string, string>
  instruction: Record<string, string>
} {
  const isV3 = V3.cipher in envelope
  const staysOn = (name: string): boolean => isV3 && V3_ON_OBJECT.includes(name)
  const part = (wanted: boolean): Record<string, string> =>
    Object.fromEntries(Object.entries(envelope).filter(([name]) => staysOn(name) === wanted))
  return { metadata: part(true), instruction: part(false) }
}
