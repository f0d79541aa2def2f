import { createRouterClient } from '@orpc/server'
import { createClient } from './client.ts'
import type { CofferClient, Link } from './client.ts'
import type { Coffer } from './context.ts'
import { activityRouter } from './router/activity.ts'
import { procedures } from './router/base.ts'
import { bucketsRouter } from './router/buckets.ts'
import { keysRouter } from './router/keys.ts'
import { kmsRouter } from './router/kms.ts'
import { localRouter, principalsRouter } from './router/local.ts'
import { objectsRouter } from './router/objects.ts'
import { placesRouter } from './router/places.ts'
import { questionsRouter } from './router/questions.ts'
import { settingsRouter } from './router/settings.ts'
import { transfersRouter } from './router/queue.ts'

/** The contract, carried out. Hosts hand it to an oRPC handler with `{ coffer }` as its context. */
export const router = procedures.router({
  places: placesRouter,
  buckets: bucketsRouter,
  objects: objectsRouter,
  keys: keysRouter,
  kms: kmsRouter,
  principals: principalsRouter,
  local: localRouter,
  activity: activityRouter,
  transfers: transfersRouter,
  settings: settingsRouter,
  questions: questionsRouter,
})

/** A client in the same process: same checks, same failures, nothing serialized. */
export function createInProcessClient(coffer: Coffer): CofferClient {
  const link: Link = {
    call(path, input, { signal }) {
      const found = path.reduce<unknown>(
        (node, name) => (node as Record<string, unknown>)[name],
        createRouterClient(router, { context: { coffer } }),
      )
      return (found as (input: unknown, options: { signal?: AbortSignal | undefined }) => Promise<unknown>)(input, {
        signal,
      })
    },
  }
  return createClient(link)
}
