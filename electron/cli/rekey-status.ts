import type { CofferClient } from '../api/client.ts'
import type { Session } from './session.ts'
import { listing } from './output.ts'
import { showTarget } from './target.ts'
import { modeName, moment } from './words.ts'

type Run = Awaited<ReturnType<CofferClient['objects']['rekeyRuns']>>[number]

/** Shows the re-key runs, newest first, and the objects that failed in those that are not finished. */
export async function tellRuns({ client, out, signal }: Session): Promise<void> {
  const runs = await client.objects.rekeyRuns({}, { signal })
  const columns = {
    BEGUN: ({ startedAt }: Run) => moment(startedAt),
    STATE: ({ state }: Run) => state,
    DONE: ({ done }: Run) => String(done),
    FAILED: ({ failures }: Run) => String(failures.length),
    TO: ({ mode, to }: Run) => [modeName(mode), to.key].filter((word) => word !== undefined).join(' '),
    WHAT: whatOf,
  }
  listing(out, runs, columns, 'Nothing was re-keyed yet.')
  for (const { bucket, key, code } of runs.flatMap(({ failures }) => failures)) {
    out.note(`Failed: ${showTarget({ bucket, key })} (${code})`)
  }
  if (runs.some(({ state }) => state === 'stopped')) {
    out.note('To go on with one that is stopped, give the same command again.')
  }
}

function whatOf({ bucket, key, under }: Run): string {
  const where = bucket === undefined ? 'all that is known' : showTarget({ bucket, key })
  return under === undefined ? where : `${where}, under ${under}`
}
