import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import { ask } from './ask.ts'
import { wholeNumber } from './options.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { count, moment } from './words.ts'

export function addKmsDeletion(kms: Command): void {
  const schedule = kms
    .command('schedule-deletion')
    .description('delete a key after a waiting time in which it cannot be used; every file under it is lost then')
    .argument('<key>')
    .option('--days <days>', 'how long to wait, 7 to 30', wholeNumber(7, 30), 30)
    .option('--confirm <name>', "the key's alias or id once more; asked for on a terminal")
    .action((key: string, { days, confirm }: { days: number; confirm?: string }) =>
      withCoffer(schedule, async (session) => {
        const { client, place, out, signal } = session
        const { keyId, aliases, objects } = await client.kms.usage({ place, key }, { signal })
        const typed = confirm ?? (await askForName(session, aliases[0] ?? keyId, objects))
        const changed = await client.kms.scheduleDeletion({ place, key, days, confirm: typed }, { signal })
        const when = changed.deletionAt === undefined ? '' : `, deleted on ${moment(changed.deletionAt)}`
        out.result({ ...changed, objects }, `${changed.keyId}: ${changed.state}${when}`)
        out.note(`${needed(objects)} Keep it after all: coffer kms cancel-deletion ${key}`)
      }),
    )

  const cancel = kms
    .command('cancel-deletion')
    .description('keep a key that waits for its deletion; it is disabled then')
    .argument('<key>')
    .action((key: string) =>
      withCoffer(cancel, async ({ client, place, out, signal }) => {
        const changed = await client.kms.cancelDeletion({ place, key }, { signal })
        out.result(changed, `${changed.keyId}: kept, and ${changed.state.toLowerCase()}`)
        if (changed.state !== 'Enabled') out.note(`To use it again: coffer kms enable ${key}`)
      }),
    )
}

async function askForName({ out, signal }: Session, name: string, objects: number): Promise<string> {
  if (out.interactive && process.stdin.isTTY) {
    return await ask(`${needed(objects)} Type ${name} to delete the key: `, signal)
  }
  throw new CofferError('INVALID_INPUT', `${needed(objects)} They would be lost with it.`, {
    hint: `If you mean it, give the key's alias or id once more: --confirm ${name}.`,
  })
}

/** Coffer knows what it wrote or looked at; others may have used the key too. */
function needed(objects: number): string {
  return `${count(objects, 'object')} that Coffer knows of ${objects === 1 ? 'needs' : 'need'} this key, and others may.`
}
