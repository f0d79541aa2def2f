import { zero } from '../base/bytes.ts'
import { sealInMemory, unsealFromMemory, type MemorySealed } from './memory-seal.ts'

/** How long a secret that was read waits for its next use, in milliseconds. */
const WAIT = 5_000

/** Spares the keychain a question for each of thousands of files. What waits is sealed in memory, and not for long. */
export interface KeptSecrets {
  /** The secret as `read` gives it, which is asked only if none is waiting. The bytes are the caller's to zero. */
  get(account: string, read: () => Promise<Buffer | null>): Promise<Buffer | null>
  forget(account: string): void
}

export function keepSecrets(): KeptSecrets {
  const kept = new Map<string, Promise<MemorySealed | null>>()

  async function take(account: string, read: () => Promise<Buffer | null>): Promise<MemorySealed | null> {
    const secret = await read()
    if (secret === null) return null
    try {
      return sealInMemory(secret)
    } finally {
      zero(secret)
    }
  }

  return {
    async get(account, read) {
      const known = kept.get(account)
      const taking = known ?? take(account, read)
      if (known === undefined) {
        const forget = (): void => {
          if (kept.get(account) === taking) kept.delete(account)
        }
        kept.set(account, taking)
        setTimeout(forget, WAIT).unref()
        taking.then((sealed) => sealed ?? forget(), forget)
      }
      const sealed = await taking
      return sealed === null ? null : unsealFromMemory(sealed)
    },
    forget: (account) => void kept.delete(account),
  }
}
