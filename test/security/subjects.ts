import { randomBytes } from 'node:crypto'
import type { EnvelopeFormat, ModeId } from '../../electron/base/mode-names.ts'
import { OLD, V3 } from '../../electron/envelope/names.ts'
import type { ModeOptions } from '../../electron/modes/mode.ts'
import { noise } from '../support/files.ts'
import { fetchSealed, putContent, type Lab, type Sealed } from './lab.ts'
import { sealLegacy, type LegacyKind } from './legacy.ts'

/** One object to be tampered with, and what a hostile bucket may have besides it. */
export interface Subject {
  name: string
  key: string
  plaintext: Buffer
  sealed: Sealed
  /** Another object of the same size under the same key. */
  sibling: Sealed
  /** Another object of the same size under another key, which is on this computer too. */
  stranger: Sealed
  wrap: 'aes' | 'rsa' | 'kms'
  format: EnvelopeFormat
  /** How it has to be read. */
  options: ModeOptions
  /** True if its content is AES-CBC, for which nothing can be proven. */
  cbc: boolean
}

const SIZE = 1_000

interface Kind {
  name: string
  wrap: Subject['wrap']
  format: 'v3' | 'v2'
  instruction?: boolean
  size?: number
}

/** The keys that subjects are sealed with; the stranger's is the second. */
export function addKeys({ vault: { keys } }: Lab): void {
  keys.addAes('aes')
  keys.addAes('sent', undefined, 'sse-c')
  keys.addAes('other aes')
  keys.addRsa('rsa')
  keys.addRsa('other rsa')
}

/** Seals a subject as Coffer does, with or without its wrapped key in an instruction file. */
export async function seal(lab: Lab, kind: Kind): Promise<Subject> {
  const { name, wrap, format, instruction = false, size = SIZE } = kind
  const mode: ModeId = wrap === 'kms' ? 'cse-kms' : 'cse-c'
  const [own, other] = wrap === 'kms' ? [lab.kmsKey, lab.otherKmsKey] : [wrap, `other ${wrap}`]
  const context = wrap === 'kms' ? { encryptionContext: { purpose: 'tamper', owner: 'me' } } : {}
  const make = async (which: string, key: string): Promise<Sealed> => {
    await putContent(lab, `${name}/${which}`, noise(size, `${name} ${which}`), mode, { key, format, ...context })
    const sealed = await fetchSealed(lab, `${name}/${which}`)
    return instruction ? split(sealed) : sealed
  }
  return {
    name,
    key: `${name}/own`,
    plaintext: noise(size, `${name} own`),
    sibling: await make('sibling', own),
    stranger: await make('stranger', other),
    sealed: await make('own', own),
    wrap,
    format,
    options: instruction && format === 'v2' ? { allowLegacy: true } : {},
    cbc: false,
  }
}

/** Moves what an instruction file holds out of the metadata, as the official clients for Java write both. */
function split({ body, metadata }: Sealed): Sealed {
  const inFile: string[] = [V3.key, V3.wrap, V3.description, V3.context, ...Object.values(OLD)]
  const pick = (wanted: boolean) =>
    Object.fromEntries(Object.entries(metadata).filter(([name]) => inFile.includes(name) === wanted))
  return { body, metadata: pick(false), instruction: Buffer.from(JSON.stringify(pick(true))) }
}

/** Seals a subject as clients of the past did; Coffer never writes such objects. */
export async function sealOld(lab: Lab, kind: LegacyKind): Promise<Subject> {
  const own = await sealLegacy(lab, kind, noise(SIZE, `${kind} own`), 'own')
  return {
    name: kind,
    key: `${kind}/own`,
    plaintext: noise(SIZE, `${kind} own`),
    sealed: own,
    sibling: await sealLegacy(lab, kind, noise(SIZE, `${kind} sibling`), 'own'),
    stranger: await sealLegacy(lab, kind, noise(SIZE, `${kind} stranger`), 'other'),
    wrap: kind.includes('kms') ? 'kms' : kind.includes('RSA') ? 'rsa' : 'aes',
    format: kind.startsWith('V1') ? 'v1' : 'v2',
    // PKCS #1 v1.5 does not tell which key fits.
    options: { allowLegacy: true, ...(kind === 'V1 RSA CBC' ? { key: 'rsa' } : {}) },
    cbc: kind.includes('CBC'),
  }
}

/** The envelope's fields, wherever they are. */
export function fieldsOf({ metadata, instruction }: Sealed): Record<string, string> {
  const inFile = instruction === undefined ? {} : (JSON.parse(instruction.toString()) as Record<string, string>)
  const all = { ...metadata, ...inFile }
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('x-amz-')))
}

/** The same object with one field changed where it is; undefined takes it away. */
export function withField(sealed: Sealed, name: string, value: string | undefined): Sealed {
  const set = (fields: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
      Object.entries({ ...fields, [name]: value }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    )
  if (sealed.instruction === undefined || name in sealed.metadata) return { ...sealed, metadata: set(sealed.metadata) }
  const inFile = JSON.parse(sealed.instruction.toString()) as Record<string, string>
  return { ...sealed, instruction: Buffer.from(JSON.stringify(set(inFile))) }
}

/** The same object with all of its fields exchanged for these, in the metadata. */
export function withFields(sealed: Sealed, fields: Record<string, string>): Sealed {
  const own = Object.entries(sealed.metadata).filter(([name]) => !name.startsWith('x-amz-'))
  return { body: sealed.body, metadata: { ...Object.fromEntries(own), ...fields } }
}

export function randomBase64(bytes: number): string {
  return randomBytes(bytes).toString('base64')
}
