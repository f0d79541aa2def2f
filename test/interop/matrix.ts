import type { Client } from './clients.ts'
import type { Format, KeyringKind, Place } from './driver.ts'

const MIB = 1024 * 1024

/** Files by name; the largest goes up in parts wherever a client can do that. */
export const SIZES = { empty: 0, one: 1, mib: MIB, parts: 20 * MIB } as const
export type FileName = keyof typeof SIZES

/** What goes with the wrapped key: nothing, plain words, or words that are not ASCII. */
export const CONTEXTS: Record<string, Record<string, string> | undefined> = {
  none: undefined,
  ascii: { purpose: 'interop', formula: 'a=b&c' },
  unicode: { purpose: 'Grüße, naïve', Straße: '日本 ☂ 𝄞' },
}

/** One way to write objects: by one client, in one format, under one keyring, with one context, envelope here or there. */
export interface Series {
  /** Its objects' folder. */
  folder: string
  format: Format
  keyring: KeyringKind
  /** Of CONTEXTS. */
  context: string
  place: Place
  files: FileName[]
}

export const FORMATS: Format[] = ['v3', 'v2']
export const KEYRINGS: KeyringKind[] = ['kms', 'aes', 'rsa']

type Abilities = Pick<Client, 'formats' | 'keyrings' | 'places' | 'asciiMetadata'>

/** All that a client can write. The largest file goes with the last context only, to save time. */
export function seriesOf({ formats, keyrings, places, asciiMetadata }: Abilities): Series[] {
  return formats.flatMap((format) =>
    keyrings.flatMap((keyring) =>
      places.flatMap((place) => {
        const contexts = Object.keys(CONTEXTS).filter((name) => {
          return name !== 'unicode' || asciiMetadata === null || place === 'instruction'
        })
        return contexts.map((context) => newSeries({ format, keyring, context, place }, context === contexts.at(-1)))
      }),
    ),
  )
}

/** One series; the largest file takes most of the time, and so is not in every one. */
export function newSeries(way: Pick<Series, 'format' | 'keyring' | 'context' | 'place'>, withLargest: boolean): Series {
  const { format, keyring, context, place } = way
  const files: FileName[] = ['empty', 'one', 'mib']
  if (withLargest) files.push('parts')
  return { ...way, folder: `${format}-${keyring}-${context}-${place}`, files }
}

/** True if Coffer reads such objects only once it is told to accept weaker proof. */
export function isWeak({ format, place }: Series): boolean {
  return format === 'v2' && place === 'instruction'
}
