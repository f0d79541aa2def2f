import type { JourneyStep } from '../../electron/api/contract.ts'
import { shortId } from './numbers.ts'

const ACTORS = { computer: 'This computer', s3: 'S3', kms: 'KMS' } as const

export function actorName({ actor }: JourneyStep): string {
  return ACTORS[actor]
}

const NAMES: Record<string, string> = {
  requestId: 'request',
  keyId: 'key',
  keyArn: 'key',
  wrappedKey: 'wrapped key',
  encryptionContext: 'context',
}

/** Nobody reads these; enough is shown to tell one from another, and the whole is in the tooltip. */
const LONG_BASE64 = /^[A-Za-z0-9+/_=-]{20,}$/

/** The real values of a step, for the line in the typewriter's hand: `AES/GCM · key 59e1…77af`. */
export function factsText({ facts }: JourneyStep): string {
  return Object.entries(facts)
    .map(([name, value]) => {
      if (name === 'bytes') return `${Number(value).toLocaleString('en')} bytes`
      const isId = /^(?:keyId|keyArn|requestId|etag|versionId)$/i.test(name)
      const shown = isId || LONG_BASE64.test(value) ? shortId(value) : value
      return name === 'algorithm' ? shown : `${NAMES[name] ?? spaced(name)} ${shown}`
    })
    .join(' · ')
}

function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
