import { implement } from '@orpc/server'
import type { Coffer } from '../context.ts'
import { contract } from '../contract.ts'
import { convertStream } from '../failures.ts'
import { toWire } from './own-failures.ts'
import { checkPaths, type PathGate } from '../gate.ts'
import type { KeychainWait } from '../keychain-wait.ts'
import type { Questions } from '../questions.ts'

export interface RouterContext {
  coffer: Coffer
  /** Stands between a window and the disk; without it, every path may be named. */
  gate?: PathGate | undefined
  /** What only the person in front of a window can answer. */
  questions?: Questions | undefined
  /** Whether Coffer waits for the keychain to be unlocked. */
  keychainWait?: KeychainWait | undefined
  /** What Coffer has mended by itself since it was opened, in words for the person. */
  notices?: (() => readonly string[]) | undefined
  /** Hears of each call that failed, at once or in the middle of its stream. */
  onFailure?: ((procedure: string, error: unknown) => void) | undefined
}

/**
 * What every procedure is implemented on. The middleware stands outside input and output checks, so that a refused input
 * and a failure in the middle of a stream leave in the same shape as everything else.
 */
export const procedures = implement(contract)
  .$context<RouterContext>()
  .use(async ({ context: { gate, onFailure }, path, next }, input) => {
    const fail = (error: unknown): Error => {
      onFailure?.(path.join('.'), error)
      return toWire(error)
    }
    try {
      if (gate !== undefined) await checkPaths(gate, path.join('.'), input)
      const result = await next()
      return { ...result, output: convertStream(result.output, fail) }
    } catch (error) {
      throw fail(error)
    }
  })

const NEVER = new AbortController().signal

/** The caller's signal, or one that never fires. */
export function signalOf(signal: AbortSignal | undefined): AbortSignal {
  return signal ?? NEVER
}
