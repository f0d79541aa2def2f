import { OLD, V3 } from '../envelope/names.ts'
import { KEY_MARK } from '../modes/customer-keys.ts'
import type { ObjectHeaders } from '../transfers/object.ts'
import { grantsOf } from './object-grants.ts'
import { tagsOf } from './object-tags.ts'
import type { Reading } from './reading.ts'
import type { LostProperty, Vault } from './vault.ts'

/** What an object says of itself, whatever its encryption: it stays when the encryption changes. */
export interface OwnProperties {
  metadata: Record<string, string>
  /** Object Lock and access list included. */
  headers: ObjectHeaders
  /** Undefined: they cannot be read here. */
  tags: Record<string, string> | undefined
  lost: LostProperty[]
}

const ENVELOPE_NAMES = new Set<string>([
  ...Object.values(OLD),
  ...Object.values(V3),
  'x-amz-unencrypted-content-length',
  'x-amz-crypto-instr-file',
])

/** `copies`: S3 copies the object itself, and its tags with it. Throws failures of the network. */
export async function ownProperties(
  vault: Vault,
  reading: Reading,
  { copies }: { copies: boolean },
  signal: AbortSignal,
): Promise<OwnProperties> {
  const { facts, head } = reading
  const tags = await tagsOf(vault, reading.stored, signal)
  const grants = await grantsOf(vault, reading.stored, signal)
  const expires = expiryOf(head)
  return {
    metadata: without(facts.metadata, (name) => ENVELOPE_NAMES.has(name)),
    headers: {
      ContentType: head?.ContentType,
      CacheControl: head?.CacheControl,
      ContentDisposition: head?.ContentDisposition,
      ContentEncoding: head?.ContentEncoding,
      ContentLanguage: head?.ContentLanguage,
      Expires: expires?.date,
      WebsiteRedirectLocation: head?.WebsiteRedirectLocation,
      StorageClass: head?.StorageClass,
      ...lockOf(head),
      ...grants.headers,
    },
    tags: tags && without(tags, (name) => name === KEY_MARK),
    lost: [
      ...(expires !== undefined && expires.date === undefined ? [lost(`Expires (“${expires.text}” is no date)`)] : []),
      ...(tags === undefined && !copies ? [lost('its tags (they cannot be read with these credentials)', false)] : []),
      ...grants.lost,
    ],
  }
}

function lost(what: string, isCertain = true): LostProperty {
  return { what, isCertain }
}

type Head = Reading['head']

/** Undefined: it has none. Without a date, it has one that no request can carry. */
function expiryOf(head: Head): { text: string; date: Date | undefined } | undefined {
  const text = head?.ExpiresString
  if (text === undefined) return undefined
  const time = Date.parse(text)
  return { text, date: Number.isNaN(time) ? undefined : new Date(time) }
}

/** A retention that is over protects nothing any more, and S3 refuses to set it. */
function lockOf(head: Head): ObjectHeaders {
  const until = head?.ObjectLockRetainUntilDate
  const isRetained = head?.ObjectLockMode !== undefined && until !== undefined && until.getTime() > Date.now()
  return {
    ObjectLockLegalHoldStatus: head?.ObjectLockLegalHoldStatus === 'ON' ? 'ON' : undefined,
    ...(isRetained ? { ObjectLockMode: head.ObjectLockMode, ObjectLockRetainUntilDate: until } : {}),
  }
}

/** True for an object that nobody can delete now. */
export function isLocked({ ObjectLockMode, ObjectLockLegalHoldStatus }: ObjectHeaders): boolean {
  return ObjectLockMode !== undefined || ObjectLockLegalHoldStatus !== undefined
}

/** The headers of an object that only lies there for a moment: it must be possible to remove it, and costs the least. */
export function temporaryHeaders({ ContentType }: ObjectHeaders): ObjectHeaders {
  return { ContentType }
}

function without(all: Record<string, string>, drop: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !drop(name)))
}
