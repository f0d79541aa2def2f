import { keysBelow } from '../../vault/keys-below.ts'
import { remove } from '../../vault/remove.ts'
import { procedures, signalOf } from './base.ts'
import { recorded } from './recorded.ts'

/** S3 deletes at most this many keys by one request (DeleteObjects). */
const AT_ONCE = 1000

/** What cannot be removed does not keep the rest from going; its first failure is thrown in the end. */
export const removeMany = procedures.objects.remove.handler(async ({ input, context: { coffer }, signal }) => {
  using vault = await coffer.openVault(input.place)
  const stop = signalOf(signal)
  const { bucket } = input
  let removed = 0
  let failure: Error | undefined

  /** Writes down how it ended for a key that was asked for. */
  const note = async (key: string, why: Error | undefined): Promise<void> => {
    failure ??= why
    const what = { what: 'remove' as const, place: vault.place, bucket, key }
    await recorded(coffer, what, () => (why === undefined ? Promise.resolve() : Promise.reject(why))).catch(
      () => undefined,
    )
  }
  const removeSome = async (keys: string[]): Promise<Map<string, Error>> => {
    const kept = await remove(vault, { bucket, keys }, stop)
    removed += keys.length - kept.size
    return kept
  }
  const removeBelow = async (folder: string): Promise<Error | undefined> => {
    const kept: Error[] = []
    for await (const keys of inSlices(keysBelow(vault, bucket, folder, stop))) {
      kept.push(...(await removeSome(keys.map(({ key }) => key))).values())
    }
    return kept[0]
  }
  const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

  for await (const keys of inSlices(input.keys.filter((key) => !key.endsWith('/')))) {
    const kept = await removeSome(keys).catch((error: unknown) => new Map(keys.map((key) => [key, asError(error)])))
    for (const key of keys) await note(key, kept.get(key))
  }
  for (const folder of input.keys.filter((key) => key.endsWith('/'))) {
    await note(folder, await removeBelow(folder).catch(asError))
  }
  if (failure !== undefined) throw failure
  return { removed }
})

async function* inSlices<T>(all: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T[], void, void> {
  let some: T[] = []
  for await (const one of all) {
    if (some.push(one) < AT_ONCE) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}
