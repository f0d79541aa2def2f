import { createORPCClient } from '@orpc/client'
import type { ClientLink } from '@orpc/client'
import type { ContractRouterClient } from '@orpc/contract'
import type { contract } from './contract.ts'
import { asCofferError, convertStream } from './failures.ts'

/** The typed door to Coffer; the same for every host. */
export type CofferClient = ContractRouterClient<typeof contract>

/** How calls travel: in-process, over a MessagePort or over a WebSocket. */
export type Link = ClientLink<Record<string, never>>

/** A client over `link`. Whatever fails, at once or in the middle of a stream, is thrown as a CofferError. */
export function createClient(link: Link): CofferClient {
  return createORPCClient<CofferClient>({
    async call(path, input, options) {
      try {
        return convertStream(await link.call(path, input, options), asCofferError)
      } catch (error) {
        throw asCofferError(error)
      }
    },
  })
}

export { toFailure as asFailure } from './failures.ts'
