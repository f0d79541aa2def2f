import { resolve } from 'node:path'
import type { ModeChoice } from '../../base/mode-names.ts'
import type { ModeOptions } from '../../modes/mode.ts'
import type { TransferOrder } from '../../store/transfer-runs.ts'
import { isStreamRef } from '../../vault/put-plan.ts'
import { requireUsualMode, usualMode } from '../../vault/usual-mode.ts'
import type { Coffer, PlaceRef } from '../context.ts'
import { settleWriteKey, type WriteKey } from './write-key.ts'

type Overwrite = 'refuse' | 'replace' | 'ask'

interface PutInput {
  place?: PlaceRef
  bucket: string
  key: string
  paths: string[]
  mode?: ModeChoice | undefined
  options: ModeOptions
  overwrite: Overwrite
  followLinks?: boolean | undefined
  acceptNoKit: boolean
}

interface GetInput {
  place?: PlaceRef
  bucket: string
  keys: string[]
  to: string
  versionId?: string | undefined
  options: ModeOptions
  overwrite: Overwrite
  exact?: boolean | undefined
}

/** A put that is ready to begin. */
interface PutReady {
  order: TransferOrder & { mode: ModeChoice }
  /** Of a mode with a customer key. */
  writeKey: WriteKey | undefined
}

/**
 * A put as an order that lasts: absolute paths, and the mode and key of now. A customer key is named by its id, so that it
 * may be renamed meanwhile, and whoever deletes keys sees that it is needed. Throws KIT_NEEDED, KEY_PURPOSE, and
 * INVALID_INPUT if no mode is named and the bucket has no usual one.
 */
export async function putOrder(coffer: Coffer, input: PutInput): Promise<PutReady> {
  const { bucket, key: target, overwrite, acceptNoKit } = input
  const where = await placeOf(coffer, input.place)
  const { mode, options, usual } = chooseMode(coffer, where.place, input)
  const writeKey = await settleWriteKey(coffer, { mode, key: options.key, acceptNoKit })
  const key = writeKey?.key.id ?? options.key
  const sources = input.paths.map((path) => (isStreamRef(path) ? path : resolve(path)))
  const rest = { mode, options: plain({ ...options, key }), overwrite, remembersMode: !usual, asksSizes: false }
  const links = input.followLinks === true ? { followLinks: true } : {}
  return { order: { kind: 'put', ...where, bucket, sources, target, ...rest, ...links }, writeKey }
}

export async function getOrder(coffer: Coffer, input: GetInput, asksSizes: boolean): Promise<TransferOrder> {
  const { bucket, keys, to, versionId, options, overwrite } = input
  const where = await placeOf(coffer, input.place)
  // A separator at the end says that it is a folder, and `resolve` would take it away.
  const target = /[/\\]$/.test(to) ? `${resolve(to)}/` : resolve(to)
  const exact = input.exact === true ? { exact: true } : {}
  const rest = { versionId, options: plain(options), overwrite, remembersMode: false, asksSizes, ...exact }
  return { kind: 'get', ...where, bucket, sources: keys, target, ...rest }
}

/** Opened once to know that it is there, and which one is meant. */
async function placeOf(coffer: Coffer, asked: PlaceRef): Promise<Pick<TransferOrder, 'place' | 'placeRef'>> {
  using vault = await coffer.openVault(asked)
  const { place } = vault
  return { place, placeRef: typeof asked === 'object' ? { ...asked } : place }
}

/** The mode and key that were named, or the bucket's usual ones: its usual key also where its usual mode is named. */
function chooseMode(
  { settings }: Coffer,
  place: string,
  { bucket, mode, options }: PutInput,
): { mode: ModeChoice; options: ModeOptions; usual: boolean } {
  if (mode !== undefined) {
    const known = usualMode(settings, place, bucket)
    const key = options.key ?? (known?.mode === mode ? known.keyId : undefined)
    return { mode, options: { ...options, key }, usual: false }
  }
  const usual = requireUsualMode(settings, place, bucket)
  return { mode: usual.mode, options: { ...options, key: options.key ?? usual.keyId }, usual: true }
}

/** As JSON keeps it. */
function plain(options: ModeOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
