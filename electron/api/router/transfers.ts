import type { ModeChoice } from '../../base/mode-names.ts'
import type { ModeOptions } from '../../modes/mode.ts'
import { get } from '../../vault/get.ts'
import { put } from '../../vault/put.ts'
import { fileSource } from '../../vault/source.ts'
import { verify } from '../../vault/verify.ts'
import type { Coffer } from '../context.ts'
import { procedures, signalOf } from './base.ts'
import { runBatch } from './batch.ts'
import { planGet } from '../../vault/get-plan.ts'
import { keysBelow } from '../../vault/keys-below.ts'
import { requireKit } from './kit-rule.ts'
import { manyTasks } from './many.ts'
import { planPut } from '../../vault/put-plan.ts'
import { recorded } from './recorded.ts'
import { rememberFirstMode, requireUsualMode, usualMode } from '../../vault/usual-mode.ts'

/** The mode and key that were named, or the bucket's usual ones: its usual key also where its usual mode is named. */
function chooseMode(coffer: Coffer, place: string, input: Chosen): Chosen & { mode: ModeChoice; usual: boolean } {
  if (input.mode !== undefined) {
    const known = usualMode(coffer.settings, place, input.bucket)
    const key = input.options.key ?? (known?.mode === input.mode ? known.keyId : undefined)
    return { bucket: input.bucket, mode: input.mode, options: { ...input.options, key }, usual: false }
  }
  const { mode, keyId } = requireUsualMode(coffer.settings, place, input.bucket)
  return { bucket: input.bucket, mode, options: { ...input.options, key: input.options.key ?? keyId }, usual: true }
}

/** A key of one's own may be renamed, so its id lasts; a KMS alias is meant to be followed, so what was said lasts. */
function lastingKey(mode: ModeChoice, said: string | undefined, used: string | undefined): string | undefined {
  return mode === 'sse-c' || mode === 'cse-c' ? used : said
}

interface Chosen {
  bucket: string
  mode?: ModeChoice | undefined
  options: ModeOptions
}

export const putMany = procedures.objects.put.handler(async function* ({ input, context: { coffer }, signal }) {
  const { bucket, overwrite } = input
  using vault = await coffer.openVault(input.place)
  const { place } = vault
  const chosen = chooseMode(coffer, place, input)
  const { mode, options } = chosen
  await requireKit(coffer, { mode, key: options.key, acceptNoKit: input.acceptNoKit })
  if (chosen.usual) yield { kind: 'usual-mode' as const, mode, keyId: options.key }

  const batch = manyTasks(
    () => planPut(input.paths, bucket, input.key),
    async ({ name, path, key }, watch) => {
      const done = await recorded(coffer, { what: 'put', place, bucket, key }, async () =>
        put(vault, { source: await fileSource(path), bucket, key, mode, options, overwrite }, watch),
      )
      if (!chosen.usual)
        rememberFirstMode(coffer.settings, place, bucket, { mode, keyId: lastingKey(mode, options.key, done.keyId) })
      return { kind: 'file-done' as const, name, ...done }
    },
    input.concurrency,
  )
  yield* runBatch(batch, signalOf(signal))
})

export const getMany = procedures.objects.get.handler(async function* ({ input, context: { coffer }, signal }) {
  const { bucket, versionId, options, overwrite } = input
  using vault = await coffer.openVault(input.place)
  const { place } = vault

  const batch = manyTasks(
    (stop) => planGet(keysBelow(vault, bucket, input.key, stop), input.key, input.to),
    async ({ name, path, key }, watch) => {
      const request = { bucket, key, versionId, path, options, overwrite }
      const done = await recorded(coffer, { what: 'get', place, bucket, key }, () => get(vault, request, watch))
      return { kind: 'file-done' as const, name, ...done }
    },
    input.concurrency,
  )
  yield* runBatch(batch, signalOf(signal))
})

export const verifyMany = procedures.objects.verify.handler(async function* ({ input, context: { coffer }, signal }) {
  const { bucket, versionId, options } = input
  using vault = await coffer.openVault(input.place)
  const { place } = vault

  const batch = manyTasks(
    (stop) => keysBelow(vault, bucket, input.key, stop),
    async ({ name, key }, watch) => {
      const request = { bucket, key, versionId, options }
      const done = await recorded(coffer, { what: 'verify', place, bucket, key }, () => verify(vault, request, watch))
      return { kind: 'file-done' as const, name, ...done }
    },
    input.concurrency,
  )
  yield* runBatch(batch, signalOf(signal))
})
