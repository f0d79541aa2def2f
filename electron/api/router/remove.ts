import { isCofferError, type CofferError } from '../../base/errors.ts'
import { remove, removeFolder } from '../../vault/remove.ts'
import type { Coffer } from '../context.ts'
import { toFailure } from '../failures.ts'
import { procedures, signalOf } from './base.ts'
import { recorded } from './recorded.ts'

/** Failures that are told one by one; of more, only how many they are. */
const MOST_TOLD = 100

/** What cannot be removed keeps nothing else from going. */
export const removeMany = procedures.objects.remove.handler(async ({ input, context: { coffer }, signal }) => {
  using vault = await coffer.openVault(input.place)
  const stop = signalOf(signal)
  const { bucket, instructionSuffix } = input
  const total = { removed: 0, missing: 0 }
  const kept = new Map<string, CofferError>()
  const note = (key: string, why: CofferError | undefined): Promise<void> =>
    noteRemoved(coffer, { place: vault.place, bucket, key }, why)

  const keys = input.keys.filter((key) => !key.endsWith('/'))
  if (keys.length > 0) {
    const done = await remove(vault, { bucket, keys, instructionSuffix }, stop)
    total.removed += done.removed
    total.missing += done.missing.length
    const missing = new Set(done.missing)
    for (const [key, why] of done.kept) kept.set(key, why)
    for (const key of keys) if (!missing.has(key)) await note(key, done.kept.get(key))
  }
  for (const folder of input.keys.filter((key) => key.endsWith('/'))) {
    try {
      const done = await removeFolder(vault, { bucket, prefix: folder }, stop)
      total.removed += done.removed
      for (const [key, why] of done.kept) kept.set(key, why)
      await note(folder, done.kept.values().next().value)
    } catch (error) {
      if (!isCofferError(error) || error.code === 'CANCELLED') throw error
      if (error.code === 'OBJECT_NOT_FOUND') total.missing += 1
      else kept.set(folder, error)
      await note(folder, error)
    }
  }
  const failures = [...kept].slice(0, MOST_TOLD).map(([key, error]) => ({ key, error: toFailure(error) }))
  return { ...total, failed: kept.size, failures }
})

/** Writes down in the activity list how it ended for a key that was asked for. */
async function noteRemoved(
  coffer: Coffer,
  object: { place: string; bucket: string; key: string },
  why: CofferError | undefined,
): Promise<void> {
  const work = (): Promise<void> => (why === undefined ? Promise.resolve() : Promise.reject(why))
  await recorded(coffer, { what: 'remove', ...object }, work).catch(() => undefined)
}
