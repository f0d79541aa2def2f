import { scrypt } from 'node:crypto'
import { totalmem } from 'node:os'
import { promisify } from 'node:util'
import { CofferError } from '../base/errors.ts'

/** The largest log2 of scrypt's N that is opened, as in age's own tool: 4 GiB and tens of seconds. */
const MAX_WORK_FACTOR = 22

const LABEL = 'age-encryption.org/v1/scrypt'
const KEY_BYTES = 32
const GIB = 2 ** 30

/**
 * The key of age's scrypt stanza (C2SP age.md: r = 8, p = 1; N = 2^workFactor takes 2^(workFactor + 10) bytes). The caller
 * zeroes it. Throws UNSUPPORTED above MAX_WORK_FACTOR, or for more memory than this computer has.
 */
export async function scryptKey(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const memory = 2 ** (workFactor + 10)
  if (workFactor > MAX_WORK_FACTOR) {
    throw new CofferError(
      'UNSUPPORTED',
      `This file's work factor is ${workFactor}; Coffer opens those up to ${MAX_WORK_FACTOR}.`,
      { hint: 'Open it with age and seal it again with a lower work factor: age -d FILE | age -p > NEW.' },
    )
  }
  if (memory > totalmem()) throw tooLittleMemory(memory)
  // OpenSSL counts its working space, too.
  const cost = { N: 2 ** workFactor, r: 8, p: 1, maxmem: memory * 2 }
  try {
    return await derive(passphrase, Buffer.concat([Buffer.from(LABEL), salt]), KEY_BYTES, cost)
  } catch (cause) {
    throw tooLittleMemory(memory, cause)
  }
}

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

function tooLittleMemory(bytes: number, cause?: unknown): CofferError {
  return new CofferError('UNSUPPORTED', `To open this file takes ${(bytes / GIB).toFixed(1)} GiB of memory.`, {
    cause,
    hint: 'Open it on a computer that has it, and seal it again with a lower work factor.',
  })
}
