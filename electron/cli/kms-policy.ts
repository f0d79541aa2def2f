import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import { readAll } from './ask.ts'
import { withCoffer } from './session.ts'

/** `coffer kms policy KEY`: reads the key policy as JSON, or replaces it. */
export function addKmsPolicy(kms: Command): void {
  const command = kms
    .command('policy')
    .description('show the key policy, which says who may do what with the key; or replace it with --set')
    .argument('<key>')
    .option('--set <file>', 'a file with the new policy, or - for standard input')
    .action((key: string, { set }: { set?: string }) =>
      withCoffer(command, async ({ client, place, out, signal }) => {
        if (set !== undefined) {
          const policy = set === '-' ? await readAll(signal) : await readPolicy(set)
          await client.kms.setPolicy({ place, key, policy }, { signal })
        }
        const { policy } = await client.kms.policy({ place, key }, { signal })
        const document: unknown = JSON.parse(policy)
        out.result({ key, policy: document }, JSON.stringify(document, null, 2).split('\n'))
      }),
    )
}

async function readPolicy(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CofferError('FILE_NOT_FOUND', `The file ${path} cannot be read.`, { cause })
  }
}
