import type { CredentialSource } from '../cloud/connection.ts'
import type { ComputerKits } from '../cloud/this-computer/computer-kits.ts'
import type { Notice } from '../localcloud/handshake.ts'
import type { CustomerKeys } from '../keys/customer-keys.ts'
import type { Activity } from '../store/activity.ts'
import type { StoredCatalog } from '../store/catalog.ts'
import type { RekeyRuns } from '../store/rekey-runs.ts'
import type { Place } from '../store/places.ts'
import type { ServerFindings } from '../store/server-findings.ts'
import type { Settings } from '../store/settings.ts'
import type { Downloads } from '../store/downloads.ts'
import type { Uploads } from '../store/uploads.ts'
import type { Queue } from '../transfers/queue/queue.ts'
import type { LastReads } from '../vault/last-reads.ts'
import type { TransferDone } from '../vault/transfer-work.ts'
import type { Vault } from '../vault/vault.ts'

/* What the contract needs of what compose.ts builds, as small interfaces that plain objects in tests can fill. */

/** What a person says of a server; all else follows from it. */
export interface ConnectionChoice {
  requestPayer?: 'requester' | undefined
  place?: string | undefined
  endpoint?: string | undefined
  kmsEndpoint?: string | undefined
  region?: string | undefined
  profile?: string | undefined
  caBundle?: string | undefined
}

/** A stored place by id or name, a connection that is used once, or the default place. */
export type PlaceRef = string | ConnectionChoice | undefined

export interface Places {
  list(): Promise<Place[]>
  /** By id or name. Throws PLACE_NOT_FOUND. */
  find(idOrName: string): Place
  add(
    place: { name: string; connection: ConnectionChoice; credentials: CredentialSource },
    tryOut?: () => Promise<void>,
  ): Promise<Place>
  remove(idOrName: string): Promise<void>
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
  status(): Promise<{ running: boolean; endpoint: string | undefined; dataDir: string; notices: Notice[] }>
  open(dataDir: string): Promise<{ dataDir: string; previousDataDir: string | undefined; notices: Notice[] }>
  kits: ComputerKits
  principals: {
    add(name: string): Promise<Principal & { secretAccessKey: string }>
    list(): Promise<Principal[]>
    remove(name: string): Promise<void>
  }
}

/** Everything behind the contract. */
export interface Coffer {
  keys: CustomerKeys
  secrets: {
    home(): { kind: 'keychain' | 'sealed-file'; path: string | null } | null
    replaceLost(): Promise<void>
    changePassphrase(current: string, next: string): Promise<void>
  }
  places: Places
  settings: Pick<Settings, 'get' | 'set' | 'setOnce'>
  activity: Pick<Activity, 'append' | 'list'>
  catalog: Pick<StoredCatalog, 'countByKey' | 'bucketsByKey' | 'listByKey' | 'listing'>
  rekeyRuns: RekeyRuns
  transfers: Queue<TransferDone>
  serverFindings: Pick<ServerFindings, 'list' | 'lastTest' | 'replace'>
  downloads: Pick<Downloads, 'strays' | 'giveUp' | 'temporaryFor'>
  uploads: Pick<Uploads, 'left'>
  lastReads: Pick<LastReads, 'of'>
  openVault(place: PlaceRef, credentials?: CredentialSource): Promise<OpenVault>
  /** Under which id a place is known in the catalog, without opening it. Throws PLACE_NOT_FOUND. */
  placeId(place: PlaceRef): Promise<string>
  localCloud: LocalCloud
}
