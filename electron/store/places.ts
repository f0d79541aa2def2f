import type { DatabaseSync } from 'node:sqlite'
import { CofferError } from '../base/errors.ts'
import { openSecretWrites, type SecretWrites } from './secret-writes.ts'

/** Where files can go. Its secret credentials, if it has any, rest in the keychain and never here. */
export interface Place {
  /** `local` for This computer. */
  id: string
  name: string
  kind: 'local' | 'aws' | 'compatible'
  /** Undefined: Amazon S3 itself. */
  endpoint: string | undefined
  kmsEndpoint: string | undefined
  region: string
  pathStyle: boolean
  /** Path of a PEM file. */
  caBundle: string | undefined
  checksums: 'when-supported' | 'when-required'
  credentials: { kind: 'default' } | { kind: 'profile'; profile: string } | { kind: 'keys' }
  /** Requests say that the person pays for them. */
  requestPayer?: 'requester' | undefined
  expectedBucketOwner?: string | undefined
  /** Without a password; '' for none. */
  proxy?: string | undefined
  /** What else the AWS settings said when it was added, and where they were read; cloud/aws-settings makes and reads them. */
  settings?: object | undefined
  sources?: Record<string, string> | undefined
}

export interface PlaceTable {
  /** By name. */
  list(): Place[]
  /** By id or name; null if there is none. */
  find(idOrName: string): Place | null
  /** Throws ALREADY_EXISTS if the id or the name is taken. */
  add(place: Place): void
  /** True if there was one to remove. */
  remove(id: string): boolean
  /** Places whose access keys are on their way into the keychain. */
  writes: SecretWrites<Place>
}

export function openPlaceTable(db: DatabaseSync): PlaceTable {
  const all = db.prepare('SELECT * FROM places ORDER BY name')
  const one = db.prepare('SELECT * FROM places WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC LIMIT 1')
  const insert = db.prepare(`
    INSERT OR IGNORE INTO places
      (id, name, kind, endpoint, kms_endpoint, region, path_style, ca_bundle, checksums, credentials, profile,
       request_payer, reach)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const remove = db.prepare('DELETE FROM places WHERE id = ?')
  return {
    list: () => all.all().map(toPlace),
    find(idOrName) {
      const row = one.get(idOrName)
      return row === undefined ? null : toPlace(row)
    },
    add(place) {
      const profile = place.credentials.kind === 'profile' ? place.credentials.profile : null
      const { changes } = insert.run(
        place.id,
        place.name,
        place.kind,
        place.endpoint ?? null,
        place.kmsEndpoint ?? null,
        place.region,
        Number(place.pathStyle),
        place.caBundle ?? null,
        place.checksums,
        place.credentials.kind,
        profile,
        place.requestPayer ?? null,
        reachOf(place),
      )
      if (changes === 0) throw new CofferError('ALREADY_EXISTS', `There is a place named ${place.name} already.`)
    },
    remove: (id) => remove.run(id).changes === 1,
    writes: openSecretWrites(db, 'place', (row) => row as Place),
  }
}

function toPlace(row: Record<string, unknown>): Place {
  const text = (column: string) => (row[column] as string | null) ?? undefined
  const profile = text('profile')
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    kind: row['kind'] as Place['kind'],
    endpoint: text('endpoint'),
    kmsEndpoint: text('kms_endpoint'),
    region: row['region'] as string,
    pathStyle: row['path_style'] === 1,
    caBundle: text('ca_bundle'),
    checksums: row['checksums'] as Place['checksums'],
    credentials:
      profile === undefined ? { kind: row['credentials'] as 'default' | 'keys' } : { kind: 'profile', profile },
    requestPayer: text('request_payer') as Place['requestPayer'],
    ...(JSON.parse(text('reach') ?? '{}') as Reach),
  }
}

type Reach = Pick<Place, 'expectedBucketOwner' | 'proxy' | 'settings' | 'sources'>

/** What few places have is kept in one column. */
function reachOf({ expectedBucketOwner, proxy, settings, sources }: Place): string | null {
  const set = Object.entries({ expectedBucketOwner, proxy, settings, sources }).filter(
    ([, value]) => value !== undefined,
  )
  return set.length === 0 ? null : JSON.stringify(Object.fromEntries(set))
}
