import type { ModeId, ObservedMode } from '../../electron/api/contract.ts'

/** How a mode is told to a person: whose key, who encrypts, what is lost with the key, what it costs. */
export interface ModeWords {
  id: ModeId
  name: string
  /** Which column and row of the custody grid: 0 to 2, 0 to 1. */
  column: number
  row: number
  what: string
  consequence: string
  keyHeldBy: string
  encryptedBy: string
  readableBy: string
}

/** The five cells of the custody grid, in reading order. */
export const MODES: readonly ModeWords[] = [
  {
    id: 'sse-s3',
    name: 'SSE-S3',
    column: 0,
    row: 0,
    what: 'S3 makes and keeps every key. Anyone who may read the bucket reads the file.',
    consequence: 'Costs nothing extra',
    keyHeldBy: 'S3, its own master key',
    encryptedBy: 'S3, when it arrives',
    readableBy: 'who may read the bucket',
  },
  {
    id: 'sse-kms',
    name: 'SSE-KMS',
    column: 1,
    row: 0,
    what: 'S3 asks KMS for each data key. Turn the KMS key off and nobody reads.',
    consequence: 'KMS requests are charged',
    keyHeldBy: 'KMS',
    encryptedBy: 'S3, when it arrives',
    readableBy: 'who may read the bucket and use that KMS key',
  },
  {
    id: 'sse-c',
    name: 'SSE-C',
    column: 2,
    row: 0,
    what: 'Your key travels with each request. S3 uses it and keeps none.',
    consequence: 'Lose the key, lose the files',
    keyHeldBy: 'you, in this computer’s keychain',
    encryptedBy: 'S3, with the key you send',
    readableBy: 'who has that key and may read the bucket',
  },
  {
    id: 'cse-kms',
    name: 'CSE-KMS',
    column: 1,
    row: 1,
    what: 'This computer gets a data key from KMS and encrypts before upload.',
    consequence: 'KMS requests are charged',
    keyHeldBy: 'KMS',
    encryptedBy: 'this computer, before upload',
    readableBy: 'who may use that KMS key',
  },
  {
    id: 'cse-c',
    name: 'CSE-C',
    column: 2,
    row: 1,
    what: 'Encrypted here under your key. Neither key nor plain file ever leaves.',
    consequence: 'Lose the key, lose the files',
    keyHeldBy: 'you, in this computer’s keychain',
    encryptedBy: 'this computer, before upload',
    readableBy: 'who has that key',
  },
]

/** The columns and rows of the custody grid. */
export const COLUMNS = [
  { title: 'S3’s own key', note: 'kept by the server' },
  { title: 'A KMS key', note: 'you disable, rotate, set policy' },
  { title: 'Your own key', note: 'in this computer’s keychain' },
] as const

export const ROWS = [
  { title: 'Encrypted in S3', note: 'S3 sees the plain file for a moment' },
  { title: 'Encrypted here', note: 'S3 never sees the plain file' },
] as const

export function modeWords(id: ModeId): ModeWords {
  const found = MODES.find((mode) => mode.id === id)
  if (found === undefined) throw new Error(`no such mode: ${id}`)
  return found
}

/** A mode's name, also of what an object may turn out to be. */
export function modeName(mode: ObservedMode | 'bucket-default'): string {
  if (mode === 'none') return 'Not encrypted'
  if (mode === 'unknown') return 'Not known'
  if (mode === 'bucket-default') return 'Bucket default'
  return modeWords(mode).name
}
