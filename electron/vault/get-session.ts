import { resolve } from 'node:path'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { send } from '../cloud/send.ts'
import type { ModeOptions } from '../modes/mode.ts'
import type { Item } from '../store/transfer-items.ts'
import type { TransferRunEntry } from '../store/transfer-runs.ts'
import { isPassing } from '../transfers/backoff.ts'
import { nameOf } from '../transfers/queue/numbered.ts'
import type { ItemWatch } from '../transfers/queue/work.ts'
import { newItems } from './found-items.ts'
import { get } from './get.ts'
import { getFolder } from './get-folder.ts'
import { planGet } from './get-plan.ts'
import { keysBelow } from './keys-below.ts'
import { recogniseGet } from './recognise-own.ts'
import { beside } from './small-beside.ts'
import type { Found, Task } from './tasks.ts'
import type { TransferKind } from './transfer-done.ts'
import type { GetRequest, GetResult, Vault } from './vault.ts'

/** How objects come back, as the transfer queue asks for it. */
export function getting(vault: Vault, run: TransferRunEntry): TransferKind {
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
