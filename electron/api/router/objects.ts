import { inspect } from '../../vault/inspect.ts'
import { listFolder } from '../../vault/list.ts'
import { remove } from '../../vault/remove.ts'
import type { ListEntry } from '../../vault/vault.ts'
import { procedures, signalOf } from './base.ts'
import { browsingRouter } from './browsing.ts'
import { keysBelow } from '../../vault/keys-below.ts'
import { recorded } from './recorded.ts'
import { rekeyMany, rekeyRuns } from './rekey.ts'
import { getMany, putMany, verifyMany } from './transfers.ts'

/** Entries go over in pages, so that a large folder is a few messages and its first names come at once. */
const PAGE = 500

const list = procedures.objects.list.handler(async function* ({ input, context, signal }) {
  using vault = await context.coffer.openVault(input.place)
  const { bucket, key: prefix, recursive } = input
  let page: ListEntry[] = []
  for await (const entry of listFolder(vault, { bucket, prefix, recursive }, signalOf(signal))) {
    page.push(entry)
    if (page.length < PAGE) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
})

const inspectOne = procedures.objects.inspect.handler(async ({ input, context, signal }) => {
  using vault = await context.coffer.openVault(input.place)
  return await inspect(vault, input, signalOf(signal))
})

/** S3 deletes at most this many keys by one request (DeleteObjects). */
const REMOVE_AT_ONCE = 1000

const removeMany = procedures.objects.remove.handler(async ({ input, context, signal }) => {
  using vault = await context.coffer.openVault(input.place)
  const { bucket } = input
  let removed = 0
  let waiting: string[] = []
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return
    await remove(vault, { bucket, keys: waiting }, signalOf(signal))
    removed += waiting.length
    waiting = []
  }
  for (const key of input.keys) {
    const what = { what: 'remove' as const, place: vault.place, bucket, key }
    await recorded(context.coffer, what, async () => {
      for await (const object of keysBelow(vault, bucket, key, signalOf(signal))) {
        waiting.push(object.key)
        if (waiting.length === REMOVE_AT_ONCE) await flush()
      }
      await flush()
    })
  }
  return { removed }
})

export const objectsRouter = {
  ...browsingRouter,
  list,
  put: putMany,
  get: getMany,
  verify: verifyMany,
  inspect: inspectOne,
  remove: removeMany,
  rekey: rekeyMany,
  rekeyRuns,
}
