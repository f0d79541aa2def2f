import { isCofferError } from '../../base/errors.ts'
import type { RekeyRun } from '../../store/rekey-runs.ts'
import { namesOfKey } from '../../vault/key-names.ts'
import { sweep } from '../../vault/leavings.ts'
import { rekeyItem, type RekeyItem, type RekeyOutcome } from '../../vault/rekey-item.ts'
import { resolveTarget } from '../../vault/rekey-target.ts'
import type { RekeyTrace, Vault } from '../../vault/vault.ts'
import type { Coffer } from '../context.ts'
import type { RekeyEvent } from '../contract/objects.ts'
import { toFailure } from './own-failures.ts'
import { procedures, signalOf } from './base.ts'
import { runBatch } from './batch.ts'
import type { Task } from '../../vault/tasks.ts'
import { requireKept } from '../../vault/transfer-work.ts'
import { manyTasks, type Work } from './many.ts'
import { recorded } from './recorded.ts'
import { rekeyScope } from './rekey-scope.ts'
import { purposeEvent, settleWriteKey } from './write-key.ts'

type Outcome = Extract<RekeyEvent, { kind: 'file-done' | 'already' | 'elsewhere' | 'skipped' }>

/**
 * The objects tell themselves whether they are where they are to get to, so a run that was cut off is simply asked for
 * again. Its journal keeps what they do not tell: what may lie about, what was done in this very run, and what failed.
 */
export const rekeyMany = procedures.objects.rekey.handler(async function* ({ input, context: { coffer }, signal }) {
  const stop = signalOf(signal)
  const { bucket, key, under, mode, from } = input
  const { instructionSuffix } = from
  using vault = await coffer.openVault(input.place)
  const writeKey = await settleWriteKey(coffer, { mode, key: input.to.key, acceptNoKit: input.acceptNoKit })
  const to = writeKey === undefined ? input.to : { ...input.to, key: writeKey.key.id }
  if (writeKey?.isFirstUse === true) yield purposeEvent(writeKey)
  const target = await resolveTarget(vault, { bucket, mode, to }, stop)
  const underKey = under === undefined ? undefined : await namesOfKey(vault, under, stop)
  using run = coffer.rekeyRuns.begin({ place: vault.place, bucket, key, under, mode, to })
  yield { kind: 'run' as const, run: run.id, resumed: run.resumed }
  await sweepAll(vault, run, stop)

  const change = { from, mode, to, target, under: underKey, purge: input.purgeOldVersions }
  const isSingle = key !== '' && !key.endsWith('/')
  const batch = manyTasks(
    (ended) =>
      toDo(coffer, vault, run, { bucket, key, under: underKey, instructionSuffix, purge: change.purge }, ended),
    workOf(coffer, vault, run, change, isSingle),
    input.concurrency,
  )
  const counts = { done: 0, failed: 0, elsewhere: 0, keepingOlder: 0, purged: 0 }
  for await (const event of runBatch(batch, stop)) {
    tally(counts, event, change.purge)
    yield event
  }
  await sweepAll(vault, run, stop)
  if (counts.failed === 0) run.finish()
  yield { kind: 'run-ended' as const, run: run.id, finished: counts.failed === 0, ...counts }
})

export const rekeyRuns = procedures.objects.rekeyRuns.handler(({ input, context }) =>
  context.coffer.rekeyRuns.list(input.limit),
)

async function sweepAll(vault: Vault, run: RekeyRun, signal: AbortSignal): Promise<void> {
  for (const leaving of run.leavings()) {
    await sweep(vault, leaving, signal)
    run.swept(leaving)
  }
}

/** What was done in this run and has not changed since needs not even be looked at again. */
async function* toDo(
  coffer: Coffer,
  vault: Vault,
  run: RekeyRun,
  scope: Parameters<typeof rekeyScope>[2] & { purge: boolean },
  signal: AbortSignal,
): AsyncGenerator<Task, void, void> {
  for await (const { etag, ...task } of rekeyScope(coffer, vault, scope, signal)) {
    const isKnown = etag !== undefined && vault.catalog.recall(vault.place, task.bucket, task.key)?.etag === etag
    if (scope.purge || !isKnown || !run.isDone(task, etag)) yield task
  }
}

function workOf(
  coffer: Coffer,
  vault: Vault,
  run: RekeyRun,
  change: Omit<RekeyItem, 'bucket' | 'key' | 'doubtful' | 'written'>,
  isSingle: boolean,
): Work<Task, Outcome> {
  const { place } = vault
  return async ({ name, bucket, key }, watch) => {
    const object = { bucket, key }
    const doubtful = run.wasCutOff(object)
    const written = run.doneEtag(object)
    run.start(object)
    try {
      const item = { ...change, ...object, doubtful, written }
      const what = { what: 'rekey' as const, place, ...object }
      const outcome = await rekeyRecorded(coffer, what, () =>
        rekeyItem(vault, item, { ...watch, trace: traceOf(run, object) }),
      )
      if (outcome.kind !== 'elsewhere') run.done(object, etagOf(outcome))
      if (outcome.kind === 'changed') requireKept(coffer.keys, outcome.result)
      return eventOf(name, object, outcome)
    } catch (error) {
      if (!isSingle && isCofferError(error, 'OBJECT_NOT_FOUND')) {
        vault.catalog.gone(place, bucket, key)
        return { kind: 'skipped', name, why: 'It is not there any more.' }
      }
      if (!isCofferError(error, 'CANCELLED')) run.failed(object, toFailure(error).code)
      throw error
    }
  }
}

/** What is there already, or is not meant, is no activity. */
async function rekeyRecorded(
  coffer: Coffer,
  what: Parameters<typeof recorded>[1],
  work: () => Promise<RekeyOutcome>,
): Promise<RekeyOutcome> {
  const outcome = await work().catch(async (error: unknown) => {
    await recorded(coffer, what, () => Promise.reject(error as Error))
    throw error
  })
  if (outcome.kind === 'changed') await recorded(coffer, what, () => Promise.resolve(outcome.result))
  return outcome
}

function traceOf(run: RekeyRun, object: { bucket: string; key: string }): RekeyTrace {
  return {
    beside: (key) => run.beside(object, key),
    besideGone: () => run.besideGone(object),
    replacing: () => run.replacing(object),
    uploadOpened: (uploadId) => run.uploadOpened(object, uploadId),
  }
}

function etagOf(outcome: Exclude<RekeyOutcome, { kind: 'elsewhere' }>): string {
  return outcome.kind === 'changed' ? outcome.result.etag : outcome.etag
}

function eventOf(name: string, object: { bucket: string; key: string }, outcome: RekeyOutcome): Outcome {
  if (outcome.kind === 'elsewhere') return { kind: 'elsewhere', name }
  const { purged } = outcome
  if (outcome.kind === 'changed') return { kind: 'file-done', name, ...outcome.result, purged }
  return { kind: 'already', name, ...object, mode: outcome.mode, keyId: outcome.keyId, purged }
}

type Counts = Pick<
  Extract<RekeyEvent, { kind: 'run-ended' }>,
  'done' | 'failed' | 'elsewhere' | 'keepingOlder' | 'purged'
>

function tally(counts: Counts, event: RekeyEvent, purge: boolean): void {
  if (event.kind === 'file-failed') counts.failed += 1
  if (event.kind === 'elsewhere') counts.elsewhere += 1
  if (event.kind !== 'file-done' && event.kind !== 'already') return
  counts.done += 1
  counts.purged += event.purged
  // A bucket that keeps versions names one; a suspended one calls all that it does not keep "null".
  const versioned = event.kind === 'file-done' && event.versionId !== undefined && event.versionId !== 'null'
  if (versioned && !purge) counts.keepingOlder += 1
}
