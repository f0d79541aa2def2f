import type { Command } from 'commander'
import { ask } from './ask.ts'
import { isAnyoneThere, withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { EXIT_HELP } from './words.ts'

const EXPORT_HELP = `
The file holds the key in the clear: whoever reads it reads what was encrypted with the key. A recovery kit (coffer key kit) holds
the same key sealed by a passphrase, and is what a backup needs; export a key for another program that has to use it.
`

interface ExportFlags {
  public?: boolean
  confirm?: string
  overwrite?: boolean
}

export function addExport(key: Command): void {
  const command = key
    .command('export')
    .description('write a key in the clear to a file that only you can read: base64, or PEM for RSA')
    .argument('<key>', 'its name or id')
    .argument('<file>', 'the new file')
    .option('--public', 'the public half of an RSA key alone, for a computer that shall write and not read')
    .option('--confirm <name>', "the key's name once more; asked for on a terminal")
    .option('--overwrite', 'replace a file that is there already')
    .addHelpText('after', EXPORT_HELP + EXIT_HELP)
    .action((name: string, path: string, flags: ExportFlags) =>
      withCoffer(command, async (session) => {
        const { client, out, signal } = session
        const publicOnly = flags.public === true
        const { key: info } = await client.keys.impact({ key: name }, { signal })
        const isSecret = !publicOnly && info.kind !== 'rsa-public'
        const confirm = isSecret ? (flags.confirm ?? (await confirmName(session, info.name, path))) : undefined
        const overwrite = flags.overwrite === true ? ('replace' as const) : ('refuse' as const)
        const written = await client.keys.export({ key: info.id, path, publicOnly, confirm, overwrite }, { signal })
        const warning = isSecret ? ' Whoever has this file can read your files: keep it safe.' : ''
        out.result(written, `Written to ${written.path}.${warning}`)
      }),
    )
}

/** Somebody at the terminal is told what comes, and types the name; a script has given it with the command. */
async function confirmName(session: Session, name: string, path: string): Promise<string> {
  if (!isAnyoneThere(session)) return name
  session.out.note(`The key ${name} is written to ${path} in the clear: whoever reads that file reads your files.`)
  session.out.note('For a backup, save its recovery kit instead: coffer key kit')
  return await ask("Type the key's name to write it: ", session.signal)
}
