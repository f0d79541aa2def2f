import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { CofferError, isCofferError } from '../base/errors.ts'
import { ask, readAll } from './ask.ts'
import type { Output } from './output.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'

interface PolicyFlags {
  set?: string
  allow?: string
  deny?: string
  remove?: string
  actions?: string[]
  force?: boolean
}

const EXAMPLES = `
A PRINCIPAL is a user's name (on This computer: coffer principal add), an account's number, or an ARN.
ACTIONS are encrypt, decrypt, describe, or KMS's own: kms:Decrypt. All that using the key takes, unless told.

Examples
  coffer kms policy photos                              read it
  coffer kms policy photos --allow bob                  bob may use the key
  coffer kms policy photos --allow bob --actions decrypt    may read, and not write
  coffer kms policy photos --deny bob                   bob may not, whatever else allows it
  coffer kms policy photos --remove bob                 bob is in it no more
  coffer kms policy photos --set policy.json            replace all of it

Before a policy that you could not change again it stops, and wants --force.
`

/** `coffer kms policy KEY`: reads the key policy as JSON, or changes it. */
export function addKmsPolicy(kms: Command): void {
  const command = kms
    .command('policy')
    .summary('who may do what with a key')
    .description('Show the key policy, which says who may do what with the key; or change it.')
    .argument('<key>')
    .option('--set <file>', 'replace it by this file, or - for standard input')
    .option('--allow <principal>', 'let someone use the key')
    .option('--deny <principal>', 'let someone not use the key, whatever else allows it')
    .option('--remove <principal>', 'take someone out of every statement that names them')
    .option('--actions <actions>', 'with --allow or --deny: what, separated by commas', (text) => text.split(','))
    .option('--force', 'even if you could not change the policy again')
    .addHelpText('after', EXAMPLES)
    .action((key: string, flags: PolicyFlags) => {
      const changes = (['set', 'allow', 'deny', 'remove'] as const).filter((name) => flags[name] !== undefined)
      if (changes.length > 1) command.error('error: --set, --allow, --deny and --remove exclude each other')
      if (flags.actions && !flags.allow && !flags.deny) command.error('error: --actions goes with --allow or --deny')
      return withCoffer(command, (session) => carryOut(session, key, flags))
    })
}

async function carryOut(session: Session, key: string, flags: PolicyFlags): Promise<void> {
  const { client, place, out, signal } = session
  if (flags.set !== undefined) await replace(session, key, await readPolicy(flags.set, signal), flags.force)
  const change = flags.allow !== undefined ? 'allow' : flags.deny !== undefined ? 'deny' : 'remove'
  const principal = flags[change]
  if (principal !== undefined) {
    const wish = { place, key, change, principal, actions: flags.actions } as const
    const done = await withConsent(session, flags.force, (acceptLockout) =>
      client.kms.changePolicy({ ...wish, acceptLockout }, { signal }),
    )
    if (!done.changed) out.note('The policy says so already.')
    if (done.stillDenied) out.note(`Another statement still denies it to ${done.principal}: a Deny outweighs.`)
  }
  const { policy } = await client.kms.policy({ place, key }, { signal })
  out.result({ key, policy: JSON.parse(policy) as unknown }, policy.split('\n'))
}

async function replace(session: Session, key: string, policy: string, force: boolean | undefined): Promise<void> {
  const { client, place, out, signal } = session
  const review = await withConsent(session, force, (acceptLockout) =>
    client.kms.setPolicy({ place, key, policy, acceptLockout }, { signal }),
  )
  warn(out, review)
}

function warn(out: Output, { caller, reading }: { caller: string; reading: string }): void {
  if (reading === 'denied') out.note(`With this policy you (${caller}) cannot read what is encrypted under the key.`)
}

/** Puts a policy; before one that locks the person out it asks on a terminal, and stops elsewhere. */
async function withConsent<T>(
  { out, signal }: Session,
  force: boolean | undefined,
  put: (acceptLockout: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await put(force ?? false)
  } catch (error) {
    if (!isCofferError(error, 'POLICY_LOCKOUT') || !out.interactive || !process.stdin.isTTY) throw error
    const answer = await ask(`${error.message} Type yes to put it all the same: `, signal)
    if (answer.trim().toLowerCase() !== 'yes') throw error
    return await put(true)
  }
}

async function readPolicy(path: string, signal: AbortSignal): Promise<string> {
  if (path === '-') return await readAll(signal)
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CofferError('FILE_NOT_FOUND', `The file ${path} cannot be read.`, { cause })
  }
}
