import type { CustomerKeyInfo, KmsKeyInfo, ModeId } from '../../electron/api/contract.ts'

type Purpose = CustomerKeyInfo['purpose']

/** The mode that a key of one's own is for; undefined while that is not decided. */
export function modeFor(purpose: Purpose): ModeId | undefined {
  if (purpose === 'cse') return 'cse-c'
  return purpose === 'sse-c' ? 'sse-c' : undefined
}

/** What a key is for, where it is not decided yet. */
export const UNDECIDED = {
  unused: 'Not used yet: its first use decides what it is for',
  unknown: 'From elsewhere: say what it is for',
} as const

/** What choosing a key for its first use decides; undefined for one whose use is decided. */
export function firstUseNote(mode: ModeId, purpose: Purpose | undefined): string | undefined {
  if (purpose !== 'unused' && purpose !== 'unknown') return undefined
  if (mode === 'cse-c')
    return 'From now on this key encrypts files on this computer only. It is never sent to a server.'
  const sent = 'From now on this key is sent to the server with each request, and encrypts nothing on this computer.'
  return purpose === 'unused' ? sent : `${sent} If it has encrypted files elsewhere, choose another key.`
}

type Own = Pick<CustomerKeyInfo, 'id' | 'name'>
type Kms = Pick<KmsKeyInfo, 'keyId' | 'aliases'>

/**
 * What a person calls the key of an object: its own name, or its first alias without `alias/`. `keyId` is the id of a key
 * of one's own, or a KMS key's id, ARN or alias. Undefined if nobody has named it, or it is not known here.
 */
export function keyName(keyId: string, own: readonly Own[], kms: readonly Kms[]): string | undefined {
  const mine = own.find(({ id }) => id === keyId)
  if (mine !== undefined) return mine.name
  const alias = /(?:^|:)alias\/(.+)$/.exec(keyId)?.[1]
  if (alias !== undefined) return alias
  const bare = keyId.split('/').at(-1)
  return kms.find((key) => key.keyId === bare)?.aliases[0]?.replace(/^alias\//, '')
}

/** The name of the file that a key is exported to, without what a file name cannot hold. */
export function plainFileName({ name, kind }: Pick<CustomerKeyInfo, 'name' | 'kind'>): string {
  return `${name.replace(/[/\\:*?"<>|]+/g, '-')}.${kind === 'aes-256' ? 'key' : 'pem'}`
}
