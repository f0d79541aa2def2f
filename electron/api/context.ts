import type { ObservedMode } from '../base/mode-names.ts'
import type { CredentialSource } from '../cloud/connection.ts'
import type { KeyInfo, KeyRing } from '../keys/keyring.ts'
import type { Vault } from '../vault/vault.ts'

/* What the contract needs of what compose.ts builds, as small interfaces that plain objects in tests can fill. */

/** A stored place, without its secret. */
export interface Place {
  /** `local` for This computer. */
  id: string
  name: string
  kind: 'local' | 'aws' | 'compatible'
  endpoint: string | undefined
  kmsEndpoint: string | undefined
  region: string
  profile: string | undefined
  caBundle: string | undefined
}

/** What a person says of a server; all else follows from it. */
export interface ConnectionChoice {
  endpoint?: string | undefined
  kmsEndpoint?: string | undefined
  region?: string | undefined
  profile?: string | undefined
  caBundle?: string | undefined
}

/** A stored place by id or name, or a connection that is used once. */
export type PlaceRef = string | ConnectionChoice

export interface Places {
  list(): Promise<Place[]>
  add(place: { name: string; connection: ConnectionChoice; credentials: CredentialSource }): Promise<Place>
  remove(idOrName: string): Promise<void>
}

/** The key ring with what only a host may ask: making, importing, exporting, renaming, deleting. */
export interface OwnedKeys extends KeyRing {
  create(name: string): Promise<KeyInfo>
  import(name: string, from: { path: string } | { text: string }): Promise<KeyInfo>
  export(id: string, path: string): Promise<void>
  rename(id: string, name: string): Promise<KeyInfo>
  remove(id: string): Promise<void>
}

/** A vault and the pool of connections that it holds until it is closed. */
export interface OpenVault extends Vault, Disposable {}

export interface Principal {
  name: string
  arn: string
  accessKeyId: string
  createdAt: Date | undefined
}

export interface LocalCloud {
  status(): Promise<{ running: boolean; endpoint: string | undefined; dataDir: string }>
  principals: {
    add(name: string): Promise<Principal & { secretAccessKey: string }>
    list(): Promise<Principal[]>
    remove(name: string): Promise<void>
  }
}

export interface ActivityEntry {
  at: Date
  operation: string
  place: string
  bucket: string
  key: string
  mode: ObservedMode | undefined
  keyId: string | undefined
  error: string | undefined
}

/** Everything behind the contract. */
export interface Coffer {
  keys: OwnedKeys
  places: Places
  settings: { get(name: string): string | undefined; set(name: string, value: string): void }
  activity: { add(entry: ActivityEntry): void; list(limit: number): ActivityEntry[] }
  countObjectsByKey(keyId: string): number
  openVault(place: PlaceRef): Promise<OpenVault>
  localCloud: LocalCloud
}
