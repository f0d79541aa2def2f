import type { CofferError } from '../../base/errors.ts'
import type { ModeChoice } from '../../base/mode-names.ts'
import type { Item, KeptFailure, Summary } from '../../store/transfer-items.ts'
import type { TransferRunEntry } from '../../store/transfer-runs.ts'
import { keptOf } from './failure.ts'
import { nameOf } from './numbered.ts'
import type { Run } from './run.ts'

/** A run as it is shown; the same as in api/contract/transfers.ts. */
export interface RunView {
  id: number
  kind: 'put' | 'get'
  place: string
  bucket: string
  key: string
  sources: string[]
  sourceCount: number
  to: string | undefined
  mode: ModeChoice | undefined
  keyId: string | undefined
  state: 'running' | 'waiting' | 'paused' | 'stopped' | 'finished' | 'cancelled'
  finding: boolean
  error: KeptFailure | undefined
  nextTryAt: Date | undefined
  startedAt: Date
  endedAt: Date | undefined
  found: Amount
  finished: Amount
  failed: Amount
  skipped: Amount
  cancelled: Amount
  conflicts: Amount
  bytesDone: number
  speed: number
  secondsLeft: number | undefined
  active: ItemView[]
  activeCount: number
  elsewhere: boolean
}

interface Amount {
  files: number
  bytes: number
}

export interface ItemView {
  id: number
  run: number
  name: string
  key: string
  path: string
  bytes: number
  done: number
  state: Item['state'] | 'active'
  error: KeptFailure | undefined
}

const SOURCES_SHOWN = 20
const ACTIVE_SHOWN = 32

export function itemView(run: TransferRunEntry, item: Item, active?: { done: number }): ItemView {
  const { id, name, bytes, state, error } = item
  const { key, path } = nameOf(run.kind, item)
  const done = active?.done ?? (state === 'done' ? bytes : 0)
  return { id, run: run.id, name, key, path, bytes, done, state: active === undefined ? state : 'active', error }
}

/** `elsewhere`: another process works on it. */
export function runView(entry: TransferRunEntry, summary: Summary, how: { run?: Run; elsewhere: boolean }): RunView {
  const { run, elsewhere } = how
  const underWay = [...(run?.active.values() ?? [])]
  const { done, failed, skipped, cancelled, conflict, waiting, paused } = summary
  const found = sum([done, failed, cancelled, conflict, waiting, paused])
  const bytesDone = done.bytes + underWay.reduce((total, each) => total + each.done, 0)
  const speed = run?.speed(bytesDone) ?? 0
  const left = waiting.bytes - (bytesDone - done.bytes)
  const away = run?.away() ?? null
  const largest = underWay.sort((one, other) => other.item.bytes - one.item.bytes).slice(0, ACTIVE_SHOWN)
  return {
    id: entry.id,
    kind: entry.kind,
    place: entry.place,
    bucket: entry.bucket,
    key: entry.kind === 'put' ? entry.target : common(entry.sources),
    sources: entry.sources.slice(0, SOURCES_SHOWN),
    sourceCount: entry.sources.length,
    to: entry.kind === 'get' ? entry.target : undefined,
    mode: entry.mode,
    keyId: keyOf(entry),
    state: stateOf(entry, summary, { owned: run !== undefined || elsewhere, away: away !== null }),
    finding: run?.isFinding() ?? !entry.foundAll,
    error: failureOf(away?.error, entry.error),
    nextTryAt: away?.nextTryAt,
    startedAt: entry.startedAt,
    endedAt: entry.endedAt,
    found,
    finished: done,
    failed,
    skipped,
    cancelled,
    conflicts: conflict,
    bytesDone,
    speed,
    secondsLeft: speed > 0 && left > 0 ? Math.ceil(left / speed) : undefined,
    active: largest.map(({ item, done: bytes }) => itemView(entry, item, { done: bytes })),
    activeCount: underWay.length,
    elsewhere,
  }
}

function stateOf(
  { endedAt, paused, cancelled }: TransferRunEntry,
  { paused: stopped, waiting }: Summary,
  { owned, away }: { owned: boolean; away: boolean },
): RunView['state'] {
  if (endedAt !== undefined) return cancelled ? 'cancelled' : 'finished'
  if (paused) return 'paused'
  if (!owned) return 'stopped'
  if (away) return 'waiting'
  return stopped.files > 0 && waiting.files === 0 ? 'paused' : 'running'
}

function failureOf(away: CofferError | undefined, kept: KeptFailure | undefined): KeptFailure | undefined {
  return away === undefined ? kept : keptOf(away)
}

function keyOf({ options }: TransferRunEntry): string | undefined {
  return typeof options['key'] === 'string' ? options['key'] : undefined
}

function sum(amounts: Amount[]): Amount {
  return amounts.reduce((all, { files, bytes }) => ({ files: all.files + files, bytes: all.bytes + bytes }))
}

/** What all keys begin with, up to a `/`; one key is itself. */
function common(keys: string[]): string {
  const [first = '', ...others] = keys
  if (others.length === 0) return first
  let length = first.length
  for (const key of others) while (!key.startsWith(first.slice(0, length))) length -= 1
  return first.slice(0, first.lastIndexOf('/', length) + 1)
}
