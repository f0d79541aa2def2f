import { basename, resolve } from 'node:path'
import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import type { DatabaseCopy } from '../compose.ts'
import { ask } from './ask.ts'
import { createOutput, listing, type Output } from './output.ts'
import { interruptSignal, type GlobalOptions } from './session.ts'
import { EXIT_HELP, moment, size } from './words.ts'

const DATABASE_HELP = `
Coffer's own database (coffer.db in its folder) holds names of keys and places, settings, and what is known of files. It holds
no key and no file. Copies of it are made by themselves, after each change of keys and places and once a day.

If it is damaged, put back the newest copy; what is there now is kept under another name. Keys that are newer than the copy are
found again in the keychain or the sealed file.

Examples
  coffer database list
  coffer database restore
  coffer database new        if there is no copy: begin a new one; keys are found again
`

/** Commands that must work while the database cannot be opened, so they open nothing else of Coffer. */
export function addDatabase(program: Command): void {
  const database = program
    .command('database')
    .summary("Coffer's own records, and copies of them")
    .description("Coffer's own database: its copies, and how one is put back.")
    .addHelpText('after', DATABASE_HELP + EXIT_HELP)
  const list = database.command('list').description('the copies that are here, newest first')
  list.action(() => tellCopies(list))
  const restore = database
    .command('restore')
    .description('put the newest copy that is whole in the place of the database')
    .option('--from <file>', 'another one of the copies (coffer database list)')
    .option('--yes', 'do not ask')
    .action((flags: RestoreFlags) => replace(restore, flags, true))
  const fresh = database
    .command('new')
    .description('begin a new database, without places and without what is known of files')
    .option('--yes', 'do not ask')
    .action((flags: { yes?: boolean }) => replace(fresh, flags, false))
}

async function tellCopies(command: Command): Promise<void> {
  const { home, out } = await here(command)
  const { listCopies } = await import('../compose.ts')
  const columns = {
    MADE: ({ madeAt }: DatabaseCopy) => moment(madeAt),
    SIZE: ({ bytes }: DatabaseCopy) => size(bytes),
    FILE: ({ path }: DatabaseCopy) => path,
  }
  listing(out, listCopies(home), columns, 'There are no copies yet.')
}

interface RestoreFlags {
  yes?: boolean
  from?: string
}

function findCopy(copies: DatabaseCopy[], file: string): DatabaseCopy {
  const found = copies.find(({ path }) => path === resolve(file) || basename(path) === file)
  if (found !== undefined) return found
  throw new CofferError('FILE_NOT_FOUND', `There is no such copy: ${file}`, { hint: 'See them: coffer database list.' })
}

async function replace(command: Command, { yes, from }: RestoreFlags, withCopy: boolean): Promise<void> {
  const { home, out } = await here(command)
  const { listCopies, newestSoundCopy, replaceDatabase } = await import('../compose.ts')
  const copy = !withCopy ? null : from === undefined ? newestSoundCopy(home) : findCopy(listCopies(home), from)
  if (withCopy && copy === null) {
    throw new CofferError('FILE_NOT_FOUND', `There is no copy of Coffer's database in ${home}.`, {
      hint: 'Begin a new one: coffer database new. Your keys are found again where keys are kept.',
    })
  }
  const what =
    copy === null
      ? 'A new database is begun: places and what is known of files are not in it.'
      : `The copy of ${moment(copy.madeAt)} takes the place of the database: what was changed since then is not in it.`
  if (yes !== true) await askFirst(out, what)
  const aside = replaceDatabase(home, copy)
  const kept = aside === undefined ? [] : [`What was there is kept as ${aside}.`]
  const done = copy === null ? 'Coffer has a new database.' : `The copy of ${moment(copy.madeAt)} is in its place.`
  out.result({ restored: copy?.path ?? null, madeAt: copy?.madeAt ?? null, kept: aside ?? null }, [done, ...kept])
}

async function askFirst(out: Output, what: string): Promise<void> {
  if (!out.interactive || !process.stdin.isTTY) {
    throw new CofferError('INVALID_INPUT', what, { hint: 'If you mean it: --yes.' })
  }
  out.note(what)
  const answer = await ask('Type yes: ', interruptSignal())
  if (answer.trim().toLowerCase() !== 'yes') throw new CofferError('CANCELLED', 'Nothing was changed.')
}

async function here(command: Command): Promise<{ home: string; out: Output }> {
  const options = command.optsWithGlobals<GlobalOptions>()
  const { cofferHome, makeHome } = await import('../store/home.ts')
  return { home: makeHome(options.home ?? cofferHome(process.env)), out: createOutput(options.json === true) }
}
