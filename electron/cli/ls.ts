import type { Command } from 'commander'
import { table } from './output.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { parseTarget } from './target.ts'
import type { Target } from './target.ts'
import { EXIT_HELP, modeName, moment, size } from './words.ts'

const EXAMPLES = `
The mode is shown where Coffer knows it already; listing never asks for each object. coffer inspect asks.

Examples
  coffer ls                         the buckets
  coffer ls s3://private/           what is in one
  coffer ls s3://private/photos/ --recursive
`

export function addLs(program: Command): void {
  const command = program
    .command('ls')
    .summary('what is there')
    .description('Lists the buckets, or what is in a bucket or below a key.')
    .argument('[target]', 's3://BUCKET or s3://BUCKET/FOLDER/')
    .option('-r, --recursive', 'everything below, not only the next level')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(async (target: string | undefined, { recursive = false }: { recursive?: boolean }) => {
      const asked = target === undefined ? null : parseTarget(target)
      await withCoffer(command, (session) =>
        asked === null ? listBuckets(session) : listObjects(session, asked, recursive),
      )
    })
}

/** Also the answer of `coffer bucket list`. */
export async function listBuckets({ client, place, out, signal }: Session): Promise<void> {
  const buckets = await client.buckets.list({ place }, { signal })
  for (const bucket of buckets) {
    const since = bucket.createdAt === undefined ? ''.padEnd(16) : moment(bucket.createdAt)
    out.result(bucket, `${since}  s3://${bucket.name}`)
  }
  if (buckets.length === 0) out.note('No buckets yet. Put a file into one and it is made: coffer put FILE s3://NAME/')
}

async function listObjects(session: Session, { bucket, key }: Target, recursive: boolean): Promise<void> {
  const { client, place, out, signal } = session
  let seen = 0
  for await (const page of await client.objects.list({ place, bucket, key, recursive }, { signal })) {
    seen += page.length
    const lines = table(
      ['', '', '', ''],
      page.map((entry) =>
        entry.kind === 'folder'
          ? [''.padEnd(16), '', '', entry.key]
          : [
              entry.lastModified === undefined ? '' : moment(entry.lastModified),
              size(entry.size).padStart(9),
              (entry.mode === undefined ? '' : modeName(entry.mode)).padEnd(8),
              entry.key,
            ],
      ),
    )
    page.forEach((entry, index) => out.result(entry, lines[index + 1] ?? ''))
  }
  if (seen === 0) out.note('Nothing there.')
}
