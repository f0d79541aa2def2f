import { inspect } from '../../vault/inspect.ts'
import { instructionPairs, MAX_INSTRUCTION_BYTES } from '../../vault/instruction-files.ts'
import { listFolder } from '../../vault/list.ts'
import type { ListEntry } from '../../vault/vault.ts'
import { procedures, signalOf } from './base.ts'
import { browsingRouter } from './browsing.ts'
import { removeMany } from './remove.ts'
import { rekeyMany, rekeyRuns } from './rekey.ts'
import { getMany, putMany, verifyMany } from './transfers.ts'

/** Entries go over in pages, so that a large folder is a few messages and its first names come at once. */
const PAGE = 500

const list = procedures.objects.list.handler(async function* ({ input, context, signal }) {
  using vault = await context.coffer.openVault(input.place)
  const { bucket, key: prefix, recursive, instructionSuffix } = input
  const isPair = instructionPairs(instructionSuffix)
  let page: (ListEntry & { isInstructionFile?: boolean })[] = []
  for await (const entry of listFolder(vault, { bucket, prefix, recursive }, signalOf(signal))) {
    const isInstructionFile = entry.kind === 'object' && isPair(entry.key) && entry.size <= MAX_INSTRUCTION_BYTES
    page.push(isInstructionFile ? { ...entry, isInstructionFile } : entry)
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
