import { HeadBucketCommand } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { isClientSide, usesCustomerKey } from '../base/mode-names.ts'
import { answersAreTrue } from '../cloud/behaviour.ts'
import { send } from '../cloud/send.ts'
import type { CustomerKeys } from '../keys/customer-keys.ts'
import { deletedMeanwhile } from '../keys/key-in-use.ts'
import type { Activity } from '../store/activity.ts'
import type { Settings } from '../store/settings.ts'
import type { Item } from '../store/transfer-items.ts'
import type { TransferRunEntry } from '../store/transfer-runs.ts'
import type { ModeOptions } from '../modes/mode.ts'
import { isPassing } from '../transfers/backoff.ts'
import { nameOf } from '../transfers/queue/numbered.ts'
import type { ItemWatch, Work } from '../transfers/queue/work.ts'
import { newItems } from './found-items.ts'
import { firstAlone } from './first-alone.ts'
import { getting } from './get-session.ts'
import { removeStaleInstruction } from './instruction-files.ts'
import { cleanUp, leftovers } from './leftovers.ts'
import { realPath } from './put-file.ts'
import { put } from './put.ts'
import { isStreamRef, planPut, type OpenSource } from './put-plan.ts'
import { putFolder } from './put-folder.ts'
import { recognisePut } from './recognise-own.ts'
import { beside } from './small-beside.ts'
import { folderSource } from './source.ts'
import type { TransferDone, TransferKind } from './transfer-done.ts'
import { rememberFirstMode } from './usual-mode.ts'
import type { PutRequest, PutResult, Source, Vault } from './vault.ts'

export type { TransferDone }

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

/** True for a folder with nothing in it. */
function isFolderItem({ key }: Item): boolean {
  return key.endsWith('/')
}

function putting(parts: TransferParts, vault: Vault, run: TransferRunEntry): TransferKind {
  const { bucket, mode, followLinks } = run
  // Consent may be given while it waits.
  const options = (): ModeOptions => run.options
  if (mode === undefined) throw new CofferError('INTERNAL', 'A put without a mode was begun.')
  let remembered = !run.remembersMode
  const sourceOf = ({ key, path }: Item): Promise<Source> =>
    key.endsWith('/') && !isStreamRef(path) ? folderSource(path) : parts.openSource(path)
  const requestOf = async (item: Item, replace: boolean): Promise<PutRequest> => ({
    source: await sourceOf(item),
    bucket,
    key: nameOf('put', item).key,
    mode,
    options: options(),
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
    return thread.put({ path: item.path, bucket, key, mode, options: options(), overwrite }, item.bytes, watch)
  }
  return {
    find: () => newItems(planPut(run.sources, bucket, run.target, parts.openSource, { followLinks }), small),
    async perform(item, watch, replace) {
      const work = isFolderItem(item) ? putFolder : put
      const putOne = async (): Promise<PutResult> =>
        (await putBeside(item, watch, replace)) ?? (await work(vault, await requestOf(item, replace), watch))
      const { key } = nameOf('put', item)
      const before = replace ? vault.catalog.recall(vault.place, bucket, key) : null
      const done = await (isBelieved || item.large ? putOne() : alone(putOne))
      // What Coffer knows as encrypted by S3 has no such file.
      const mayBeStale = replace && !isClientSide(done.mode) && (before === null || isClientSide(before.mode))
      if (mayBeStale) await removeStaleInstruction(vault, { bucket, key }, watch.signal)
      if (!remembered) {
        remembered = true
        // A key of one's own may be renamed, so its id lasts; a KMS alias is meant to be followed, so what was said lasts.
        const ofOnesOwn = usesCustomerKey(mode)
        const keyId = ofOnesOwn ? done.keyId : options().key
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
