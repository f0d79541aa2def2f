import { parentPort, workerData } from 'node:worker_threads'
import { CofferError, isCofferError } from '../base/errors.ts'
import { memoryOf, rememberDemands } from '../cloud/bucket-demands.ts'
import { openClients } from '../cloud/clients.ts'
import { isSameEntry } from '../store/catalog-entry.ts'
import type { CatalogEntry } from '../store/catalog.ts'
import { asOwn, keptOf, revived } from '../transfers/queue/failure.ts'
import { getAtOnce } from './get-at-once.ts'
import { lentKeys } from './lent-keys.ts'
import { put } from './put.ts'
import type { FromThread, GetOrder, PutOrder, SmallBench, SmallEnd, SmallOrder, ToThread } from './small-orders.ts'
import { sourceReadAtOnce } from './source-at-once.ts'
import type { Catalog, Vault } from './vault.ts'

/* A thread that moves small files: the main one keeps the books meanwhile. It has no database and no keychain. */

const bench = workerData as SmallBench
const clients = openClients(bench.connection)
const demandsKnown = memoryOf(bench.demands ?? {}, () => undefined)
rememberDemands(clients.s3, {
  ...demandsKnown,
  set(bucket, demands) {
    demandsKnown.set(bucket, demands)
    tell({ kind: 'demands', bucket, demands })
  },
})
const stops = new Map<number, AbortController>()
let ends: SmallEnd[] = []

function tell(message: FromThread): void {
  parentPort?.postMessage(message)
}

/** What ends goes over by the handful, or after so many milliseconds: to go alone would cost as much as the file. */
const HANDFUL = 16
const PATIENCE = 4
let soon: NodeJS.Timeout | undefined

function ended(end: SmallEnd): void {
  ends.push(end)
  if (ends.length >= HANDFUL) tellEnds()
  else soon ??= setTimeout(tellEnds, PATIENCE)
}

function tellEnds(): void {
  clearTimeout(soon)
  soon = undefined
  tell({ kind: 'ends', ends: JSON.stringify(ends) })
  ends = []
}

/** What only the main thread can do. */
class Declined extends Error {}

async function carryOut(order: SmallOrder): Promise<void> {
  const { id } = order
  const stop = new AbortController()
  stops.set(id, stop)
  try {
    const end = await (order.what === 'put' ? putOne(order, stop.signal) : getOne(order, stop.signal))
    ended(end ?? { id, declined: true })
  } catch (error) {
    ended(error instanceof Declined ? { id, declined: true } : { id, failure: keptOf(asOwn(error)) })
  } finally {
    stops.delete(id)
  }
}

async function putOne({ id, path, ...request }: PutOrder, signal: AbortSignal): Promise<SmallEnd | null> {
  const source = await sourceReadAtOnce(path)
  if (source === null) return null
  let end: { entry?: CatalogEntry; modified: number } = { modified: 0 }
  const catalog = { ...NO_CATALOG, stored: (entry: CatalogEntry, modified: number) => void (end = { entry, modified }) }
  const vault: Vault = { ...bench, s3: clients.s3, kms: clients.kms, keys, catalog, uploads: NO_UPLOADS }
  const result = await put(vault, { ...request, source }, { signal })
  return { id, put: result, entry: end.entry, modified: end.modified }
}

async function getOne({ id, temporary, known, ...request }: GetOrder, signal: AbortSignal): Promise<SmallEnd | null> {
  const end: { entry: CatalogEntry | undefined; etag: string } = { entry: undefined, etag: '' }
  const catalog: Catalog = {
    ...NO_CATALOG,
    recall: () => end.entry ?? known,
    remember: (entry) => void (end.entry = isSameEntry(known, entry) ? undefined : entry),
  }
  const lastReads = { remember: ({ etag }: { etag: string }) => void (end.etag = etag), of: noUse }
  const vault = {
    ...bench,
    s3: clients.s3,
    kms: clients.kms,
    keys: secretKeys,
    catalog,
    uploads: NO_UPLOADS,
    lastReads,
  }
  const got = await getAtOnce(vault, request, temporary, signal).catch((error: unknown) => {
    // What is known here of the ring may be a moment old.
    if (isCofferError(error, 'KEY_NOT_FOUND')) return null
    throw error
  })
  return got === null ? null : { id, got, ...end }
}

/** A small file goes by one request: there is nothing of it to be remembered, or gone on with. */
function noUse(): never {
  throw new CofferError('INTERNAL', 'A small file was moved as if it were a large one.')
}

function decline(): never {
  throw new Declined()
}

const NO_CATALOG: Catalog = {
  stored: noUse,
  remember: noUse,
  recall: noUse,
  forget: noUse,
  gone: noUse,
  listing: undefined as never,
}

const NO_UPLOADS: Vault['uploads'] = {
  begin: noUse,
  takeUp: noUse,
  take: noUse,
  left: noUse,
  [Symbol.dispose]: () => undefined,
}

const keys = lentKeys((question) => tell({ kind: 'key', question }))

/** To read what a public key has sealed, the private one would have to come here: that stays where it is. */
const secretKeys: Vault['keys'] = {
  ...keys,
  lend: (id, purpose, use) => keys.lend(id, purpose, (key) => (key.kind === 'aes-256' ? use(key) : decline())),
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'orders') for (const order of message.orders) void carryOut(order)
  else if (message.kind === 'stop') stops.get(message.id)?.abort(revived(message.reason))
  else keys.answered(message.answer)
})
tell({ kind: 'ready' })
