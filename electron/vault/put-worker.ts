import { parentPort, workerData } from 'node:worker_threads'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { openClients } from '../cloud/clients.ts'
import { keepSecrets } from '../keys/kept-secrets.ts'
import type { KeyInfo, KeyRing, LentKey } from '../keys/keyring.ts'
import type { CatalogEntry } from '../store/catalog.ts'
import { asOwn, keptOf } from '../transfers/queue/failure.ts'
import type { FromThread, KeyAnswer, KeyQuestion, PutBench, PutEnd, PutOrder, ToThread } from './put-orders.ts'
import { put } from './put.ts'
import { revived } from './put-thread.ts'
import { sourceReadAtOnce } from './source-at-once.ts'
import type { Catalog, Vault } from './vault.ts'

/* A thread that puts small files: the main one keeps the books meanwhile. It has no database and no keychain. */

const bench = workerData as PutBench
const clients = openClients(bench.connection)
const stops = new Map<number, AbortController>()
let ends: PutEnd[] = []

function tell(message: FromThread): void {
  parentPort?.postMessage(message)
}

/** What ends goes over by the handful, or after so many milliseconds: to go alone would cost as much as the put. */
const HANDFUL = 16
const PATIENCE = 4
let soon: NodeJS.Timeout | undefined

function ended(end: PutEnd): void {
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

async function carryOut({ id, path, ...request }: PutOrder): Promise<void> {
  const stop = new AbortController()
  stops.set(id, stop)
  let stored: { entry: CatalogEntry; modified: number } | undefined
  try {
    const source = await sourceReadAtOnce(path)
    if (source === null) {
      ended({ id, declined: true })
      return
    }
    const catalog = catalogThat((entry, modified) => (stored = { entry, modified }))
    const vault: Vault = { ...bench, s3: clients.s3, kms: clients.kms, keys, catalog, uploads: NO_UPLOADS }
    const result = await put(vault, { ...request, source }, { signal: stop.signal })
    ended({ id, result, entry: stored?.entry, modified: stored?.modified ?? 0 })
  } catch (error) {
    ended({ id, failure: keptOf(asOwn(error)) })
  } finally {
    stops.delete(id)
  }
}

/** A small file goes by one request: there is nothing of it to be remembered, or gone on with. */
function noUse(): never {
  throw new CofferError('INTERNAL', 'A small file was put as if it were a large one.')
}

function catalogThat(stored: Catalog['stored']): Catalog {
  return {
    stored,
    remember: noUse,
    recall: noUse,
    forget: noUse,
    gone: noUse,
    staysHere: noUse,
    get listing() {
      return noUse()
    },
  }
}

const NO_UPLOADS: Vault['uploads'] = {
  begin: noUse,
  takeUp: noUse,
  take: noUse,
  left: noUse,
  [Symbol.dispose]: () => undefined,
}

/** How long an answer of the key ring holds, in milliseconds: as long as it keeps a secret itself. */
const HOLDS = 5_000
const questions = new Map<number, PromiseWithResolvers<KeyAnswer>>()
const known = new Map<string, Promise<KeyInfo[]>>()
const kept = keepSecrets()
let asked = 0

async function ask(what: KeyQuestion['what'], key = ''): Promise<KeyAnswer> {
  const id = ++asked
  const answer = Promise.withResolvers<KeyAnswer>()
  questions.set(id, answer)
  tell({ kind: 'key', question: { id, what, key } })
  const given = await answer.promise
  if ('failure' in given) throw revived(given.failure)
  return given
}

function infos(what: 'list' | 'find', key?: string): Promise<KeyInfo[]> {
  const name = `${what} ${key ?? ''}`
  const before = known.get(name)
  if (before !== undefined) return before
  const asking = ask(what, key).then((answer) => ('found' in answer ? answer.found : []))
  known.set(name, asking)
  const forget = (): void => void known.delete(name)
  asking.catch(forget)
  setTimeout(forget, HOLDS).unref()
  return asking
}

/**
 * The main thread's key ring. What it lends waits here sealed, as it does there. Files that go side by side are lent one copy
 * of a key, which is zeroed when the last of them has given it back.
 */
const keys: KeyRing = {
  list: () => infos('list'),
  async find(idOrName) {
    const [info] = await infos('find', idOrName)
    return info ?? noUse()
  },
  async lend(id, use) {
    const copy = copies.get(id) ?? copyOf(id)
    copy.users += 1
    try {
      return await use(await copy.key)
    } finally {
      copy.users -= 1
      // Those that come in this turn of the event loop still find it.
      if (copy.users === 0) setImmediate(giveBack, id, copy)
    }
  },
}

interface Copy {
  users: number
  key: Promise<LentKey>
}
const copies = new Map<string, Copy>()
const publicKeys = new Map<string, LentKey>()

function copyOf(id: string): Copy {
  const copy = { users: 0, key: lent(id) }
  copies.set(id, copy)
  return copy
}

async function lent(id: string): Promise<LentKey> {
  const bytes = await kept.get(id, async () => {
    const answer = await ask('lend', id)
    if ('secret' in answer) return Buffer.from(answer.secret.buffer as ArrayBuffer)
    if ('publicKey' in answer) publicKeys.set(id, { ...answer, privateKey: null })
    return null
  })
  return bytes === null ? (publicKeys.get(id) ?? noUse()) : { kind: 'aes-256', bytes }
}

function giveBack(id: string, copy: Copy): void {
  if (copy.users > 0) return
  if (copies.get(id) === copy) copies.delete(id)
  void copy.key.then(
    (key) => key.kind === 'aes-256' && zero(key.bytes),
    () => undefined,
  )
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'puts') for (const order of message.orders) void carryOut(order)
  else if (message.kind === 'stop') stops.get(message.id)?.abort(revived(message.reason))
  else {
    questions.get(message.answer.id)?.resolve(message.answer)
    questions.delete(message.answer.id)
  }
})
tell({ kind: 'ready' })
