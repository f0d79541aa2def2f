import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { isClientSide } from '../base/mode-names.ts'
import { keepsMetadata } from '../cloud/behaviour.ts'
import { send } from '../cloud/send.ts'
import { putObject } from '../cloud/wire/wire.ts'
import type { WritePlan } from '../modes/mode.ts'
import { underCondition } from '../transfers/conditions.ts'
import { requireFree } from './existence.ts'
import { instructionKey, readInstruction } from './instruction-files.ts'
import type { PutRequest, Vault } from './vault.ts'

/**
 * The request with the envelope in an instruction file where the place's test has found that the server does not keep
 * metadata: then in the format that puts all of it into the file, unless the person named another.
 */
export function withEnvelopePlace(vault: Vault, request: PutRequest): PutRequest {
  const { mode, options } = request
  const isLost = mode !== 'bucket-default' && isClientSide(mode) && keepsMetadata(vault.server) === false
  if (!isLost || options.envelope !== undefined) return request
  return { ...request, options: { ...options, envelope: 'instruction', format: options.format ?? 'v2' } }
}

/**
 * Runs a put whose envelope goes into an instruction file. A new object's file is stored first, as Amazon's clients do it, for
 * an object without it cannot be read; one that is replaced keeps its own until the new object is there. On a failure the file
 * of a new object goes again. Throws ALREADY_EXISTS if the file's key is taken, INTEGRITY if it does not read back.
 */
export async function withInstruction<T>(
  vault: Vault,
  request: PutRequest,
  plan: WritePlan,
  signal: AbortSignal,
  write: () => Promise<T>,
): Promise<T> {
  const { instruction } = plan
  if (instruction === undefined) return write()
  if (request.overwrite === 'replace') {
    const done = await write()
    await store(vault, request, instruction, signal)
    return done
  }
  await store(vault, request, instruction, signal).catch((error: unknown) => {
    plan.dispose()
    throw error
  })
  try {
    return await write()
  } catch (error) {
    await remove(vault, request)
    throw error
  }
}

async function store(
  vault: Vault,
  { bucket, key, overwrite }: PutRequest,
  instruction: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const file = { bucket, key: instructionKey(key) }
  const isNew = overwrite === 'refuse'
  if (isNew) await requireFree(vault, file, 'put', signal)
  const body = Buffer.from(JSON.stringify(instruction))
  const input = { Bucket: bucket, Key: file.key, ContentType: 'application/json' }
  const condition = isNew ? ({ IfNoneMatch: '*' } as const) : undefined
  const recheck = (): Promise<void> => requireFree(vault, file, 'put', signal)
  await underCondition(vault.s3, { condition, recheck }, (under) =>
    putObject(vault.s3, { ...input, ...under }, { pieces: [body], length: body.length }, signal),
  )
  const back = await readInstruction(vault.s3, file, signal)
  if (back !== null && JSON.stringify(back) === JSON.stringify(instruction)) return
  throw new CofferError(
    'INTEGRITY',
    `${vault.server.name} does not give back the instruction file of s3://${bucket}/${key}.`,
    {
      hint: 'Without it the object could not be read. Choose another place for it.',
      facts: file,
    },
  )
}

const REMOVE_MS = 15_000

/** Best effort, and not stopped by what stopped the rest. */
async function remove({ s3 }: Vault, { bucket, key }: PutRequest): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket, Key: instructionKey(key) })
  await send(s3, command, AbortSignal.timeout(REMOVE_MS)).catch(() => undefined)
}
