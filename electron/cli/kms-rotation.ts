import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { wholeNumber } from './options.ts'
import { listing } from './output.ts'
import { withCoffer } from './session.ts'
import { moment } from './words.ts'

type Kms = CofferClient['kms']
type Rotation = Awaited<ReturnType<Kms['list']>>[number]['rotation']
type RotationEvent = Awaited<ReturnType<Kms['history']>>[number]

const KINDS = { AUTOMATIC: 'by itself', ON_DEMAND: 'by hand' } as const

/** `every 365 days`; nothing where it is not told. */
export function rotationWords(rotation: Rotation): string {
  if (rotation === undefined) return ''
  if (!rotation.automatic) return 'by hand'
  return rotation.periodDays === undefined ? 'by itself' : `every ${rotation.periodDays} days`
}

export function addKmsRotation(kms: Command): void {
  addRotate(kms)
  const history = kms.command('history').description('when a key was rotated').argument('<key>')
  history.action((key: string) =>
    withCoffer(history, async ({ client, place, out, signal }) => {
      const columns = {
        ROTATED: ({ at }: RotationEvent) => (at === undefined ? '' : moment(at)),
        HOW: ({ kind }: RotationEvent) => (kind === undefined ? '' : KINDS[kind]),
      }
      const events = await client.kms.history({ place, key }, { signal })
      listing(out, events, columns, `Never yet. Rotate it: coffer kms rotate ${key}`)
    }),
  )
}

function addRotate(kms: Command): void {
  const command = kms
    .command('rotate')
    .description('give a key new material now, or let it rotate by itself; what is encrypted stays readable')
    .argument('<key>')
    .option('--every <days>', 'from now on by itself, every 90 to 2560 days', wholeNumber(90, 2560))
    .option('--off', 'no longer by itself')
    .action((key: string, { every, off = false }: { every?: number; off?: boolean }) => {
      if (every !== undefined && off) command.error('error: --every and --off exclude each other')
      return withCoffer(command, async ({ client, place, out, signal }) => {
        if (every === undefined && !off) {
          const rotated = await client.kms.rotate({ place, key }, { signal })
          out.result(rotated, `${rotated.keyId}: rotated; what is encrypted stays readable`)
          return
        }
        const changed = await client.kms.setRotation({ place, key, automatic: !off, periodDays: every }, { signal })
        const next = changed.rotation?.nextAt
        const first = next === undefined ? '' : `, first on ${moment(next)}`
        const words = rotationWords(changed.rotation) || 'by itself'
        out.result(changed, `${changed.keyId}: rotates ${off ? 'by hand only' : `${words}${first}`}`)
      })
    })
}
