import { resolve } from 'node:path'
import { HeadBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { isClientSide, usesCustomerKey } from '../base/mode-names.ts'
import { answersAreTrue } from '../cloud/behaviour.ts'
import { send } from '../cloud/send.ts'
import type { CustomerKeys } from '../keys/customer-keys.ts'
import { deletedMeanwhile } from '../keys/key-in-use.ts'
import type { Activity } from '../store/activity.ts'
import type { Settings } from '../store/settings.ts'
import type { Item, NewItem } from '../store/transfer-items.ts'
import type { TransferRunEntry } from '../store/transfer-runs.ts'
import type { ModeOptions } from '../modes/mode.ts'
import { isPassing } from '../transfers/backoff.ts'
import { asOwn, keptOf } from '../transfers/queue/failure.ts'
import { isLarge } from '../transfers/queue/lanes.ts'
import { nameOf } from '../transfers/queue/numbered.ts'
import type { ItemWatch, Session, Work } from '../transfers/queue/work.ts'
import { firstAlone } from './first-alone.ts'
import { get } from './get.ts'
import { getFolder } from './get-folder.ts'
import { planGet } from './get-plan.ts'
import { keysBelow } from './keys-below.ts'
import { cleanUp, leftovers } from './leftovers.ts'
import { realPath } from './put-file.ts'
import { put } from './put.ts'
import { isStreamRef, planPut, type OpenSource } from './put-plan.ts'
import { putFolder } from './put-folder.ts'
import { recogniseGet, recognisePut } from './recognise-own.ts'
import { beside, type Beside } from './small-beside.ts'
import { folderSource } from './source.ts'
import type { Found, Task } from './tasks.ts'
import { rememberFirstMode } from './usual-mode.ts'
import type { GetRequest, GetResult, PutRequest, PutResult, Vault } from './vault.ts'

/** What came of one item. */
export type TransferDone = ({ kind: 'put' } & PutResult) | ({ kind: 'get' } & GetResult)

export interface TransferParts {
  openVault(place: TransferRunEntry['placeRef']): Promise<Vault & Disposable>
  openSource: OpenSource
  settings: Pick<Settings, 'get' | 'set' | 'setOnce'>
  activity: Pick<Activity, 'append'>
  keys: Pick<CustomerKeys, 'isKept'>
}

/** How files get into a bucket and back, as the transfer queue asks for it. */
export function transferWork(parts: TransferParts): Work<TransferDone> {
  type Entry = Parameters<Activity['append']>[0]
  const record = (entry: Omit<Entry, 'at'>): void => parts.activity.append({ ...entry, at: Date.now() })
  return {
    async open(run) {
      const vault = await parts.openVault(run.placeRef)
      const kind = run.kind === 'put' ? putting(parts, vault, run) : getting(vault, run)
      return {
        ...kind,
        async perform(item, watch, replace) {
          const done = await kind.perform(item, watch, replace)
          const { bucket, key, mode, keyId } = done
          if (run.kind === 'put') requireKept(parts.keys, done)
          record({ what: run.kind, place: vault.place, bucket, key, mode, keyId, outcome: 'done' })
          return done
        },
        failed(item, { code }) {
          const { key } = nameOf(run.kind, item)
          record({ what: run.kind, place: vault.place, bucket: run.bucket, key, outcome: code })
        },
        async probe(signal) {
          await send(vault.s3, new HeadBucketCommand({ Bucket: run.bucket }), signal).catch((error: unknown) => {
            // Whatever else it says, it is there.
            if (isPassing(error)) throw error
          })
        },
        [Symbol.dispose]: () => vault[Symbol.dispose](),
      }
    },
  }
}

/** Throws KEY_NOT_FOUND if the key that something was written under was deleted meanwhile, by this process or another one. */
export function requireKept(
  keys: Pick<CustomerKeys, 'isKept'>,
  { mode, keyId, bucket, key }: Pick<PutResult, 'mode' | 'keyId' | 'bucket' | 'key'>,
): void {
  if (keyId === undefined || !usesCustomerKey(mode) || keys.isKept(keyId)) return
  throw deletedMeanwhile(keyId, { bucket, key })
}

/** True for a folder with nothing in it. A stream's name tells of a file only. */
function isFolderItem({ key, path }: Item): boolean {
  return key.endsWith('/') && !isStreamRef(path)
}

type Kind = Pick<Session<TransferDone>, 'find' | 'perform' | 'recognise' | 'discard'>

function putting(parts: TransferParts, vault: Vault, run: TransferRunEntry): Kind {
  const { bucket, mode, options, followLinks } = run
  if (mode === undefined) throw new CofferError('INTERNAL', 'A put without a mode was begun.')
  let remembered = !run.remembersMode
  const requestOf = async (item: Item, replace: boolean): Promise<PutRequest> => ({
    source: isFolderItem(item) ? await folderSource(item.path) : await parts.openSource(item.path),
    bucket,
    key: nameOf('put', item).key,
    mode,
    options: options,
    overwrite: replace ? 'replace' : 'refuse',
  })
  const isBelieved = mode === 'bucket-default' || isClientSide(mode) || answersAreTrue(vault.server, mode, 'put')
  const alone = firstAlone()
  const small = beside(vault.thread)
  /** Null: it is to be put here. */
  const putBeside = async (item: Item, watch: ItemWatch, replace: boolean): Promise<PutResult | null> => {
    const thread = isStreamRef(item.path) || isFolderItem(item) ? null : await small.threadFor(item.bytes)
    if (thread === null) return null
    const { key } = nameOf('put', item)
    const overwrite = replace ? 'replace' : 'refuse'
    return thread.put({ path: item.path, bucket, key, mode, options, overwrite }, item.bytes, watch)
  }
  return {
    find: () => newItems(planPut(run.sources, bucket, run.target, parts.openSource, { followLinks }), small),
    async perform(item, watch, replace) {
      const work = isFolderItem(item) ? putFolder : put
      const putOne = async (): Promise<PutResult> =>
        (await putBeside(item, watch, replace)) ?? (await work(vault, await requestOf(item, replace), watch))
      const done = await (isBelieved || item.large ? putOne() : alone(putOne))
      if (!remembered) {
        remembered = true
        // A key of one's own may be renamed, so its id lasts; a KMS alias is meant to be followed, so what was said lasts.
        const ofOnesOwn = usesCustomerKey(mode)
        const keyId = ofOnesOwn ? done.keyId : (options as ModeOptions).key
        rememberFirstMode(parts.settings, vault.place, bucket, { mode, keyId })
      }
      return { kind: 'put', ...done }
    },
    async recognise(item, signal) {
      const done = await recognisePut(vault, await requestOf(item, false), run.startedAt, signal)
      return done && { kind: 'put', ...done }
    },
    async discard(item) {
      const { key } = nameOf('put', item)
      const path = await realPath(item.path).catch(() => item.path)
      for (const left of leftovers(vault, bucket)) {
        if (left.key === key && left.path === path) await cleanUp(vault, left.id)
      }
    },
  }
}

function getting(vault: Vault, run: TransferRunEntry): Kind {
  const { bucket, versionId, exact = false } = run
  const root = namesFolder(run) ? resolve(run.target) : undefined
  const requestOf = (item: Item, replace: boolean): GetRequest => ({
    bucket,
    key: item.key,
    versionId,
    path: nameOf('get', item).path,
    root,
    size: item.bytes,
    options: run.options,
    overwrite: replace ? 'replace' : 'refuse',
  })
  const small = beside(vault.thread)
  /** Null: it is to be got here. */
  const getBeside = async (request: GetRequest, watch: ItemWatch): Promise<GetResult | null> => {
    const { size = 0 } = request
    const thread = size === 0 ? null : await small.threadFor(size)
    return thread === null ? null : thread.get(request, watch)
  }
  return {
    find: (signal) => newItems(findObjects(vault, run, signal), small),
    async perform(item, watch: ItemWatch, replace) {
      const request = requestOf(item, replace)
      if (!exact && item.key.endsWith('/')) return { kind: 'get', ...(await getFolder(vault, request, watch.signal)) }
      return { kind: 'get', ...((await getBeside(request, watch)) ?? (await get(vault, request, watch))) }
    },
    async recognise(item, signal) {
      const done = await recogniseGet(vault, requestOf(item, false), run.startedAt, signal)
      return done && { kind: 'get', ...done }
    },
    discard: (item) => {
      vault.downloads?.giveUp(resolve(nameOf('get', item).path))
      return Promise.resolve()
    },
  }
}

/** True for a get whose target is a folder in which the bucket chooses the names. */
function namesFolder({ sources, exact = false }: TransferRunEntry): boolean {
  const [only = ''] = sources
  return sources.length > 1 || (!exact && (only === '' || only.endsWith('/')))
}

/** One key goes as `planGet` says; of several, each keeps its last name in the folder. */
async function* findObjects(
  vault: Vault,
  { bucket, sources, target, options, asksSizes, exact = false }: TransferRunEntry,
  signal: AbortSignal,
): AsyncGenerator<Found<Task & { path: string }>, void, void> {
  const taken = new Map<string, string>()
  const { instructionSuffix } = options as ModeOptions
  const many = sources.length > 1
  for (const key of sources) {
    const below = { bucket, prefix: key, exact, instructionSuffix, markers: 'of-empty-folders' } as const
    const objects = sized(vault, bucket, keysBelow(vault, below, signal), asksSizes, signal)
    const isFolder = !exact && (key === '' || key.endsWith('/'))
    const folder = many ? key.slice(0, key.lastIndexOf('/', key.length - 2) + 1) : key
    const from = isFolder ? folder : null
    yield* planGet(objects, from, many ? `${target}/` : target, process.platform, taken)
  }
}

/** With the sizes of objects that were named by themselves, as far as the bucket may be listed. */
async function* sized(
  { s3 }: Vault,
  bucket: string,
  objects: AsyncIterable<Task>,
  asksSizes: boolean,
  signal: AbortSignal,
): AsyncGenerator<Task, void, void> {
  for await (const object of objects) {
    if (!asksSizes || object.mark !== undefined) {
      yield object
      continue
    }
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: object.key, MaxKeys: 1 })
    const page = await send(s3, command, signal).catch((error: unknown) => {
      if (isPassing(error) || signal.aborted) throw error
      return null
    })
    // Of all keys that begin with it, it is the first itself.
    yield { ...object, bytes: page?.Contents?.[0]?.Size ?? 0 }
  }
}

async function* newItems(
  found: AsyncIterable<Found<Task & { path: string }>>,
  small: Beside,
): AsyncGenerator<NewItem, void, void> {
  for await (const task of found) {
    if ('skipped' in task) {
      const error = keptOf(new CofferError(task.isOwn === true ? 'UNSUPPORTED' : 'LEFT_OUT', task.why, { hint: '' }))
      yield { ...NOTHING, name: task.skipped, path: task.skipped, state: 'skipped', error }
    } else if ('failed' in task) {
      yield { ...NOTHING, name: task.name, key: task.key, state: 'failed', error: keptOf(asOwn(task.failed)) }
    } else {
      const { name, key, path, bytes, mark = '' } = task
      small.found(bytes)
      yield { name, key, path, bytes, mark, large: isLarge(bytes), state: 'waiting' }
    }
  }
}

const NOTHING = { key: '', path: '', bytes: 0, mark: '', large: false }
