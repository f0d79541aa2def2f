import { join } from 'node:path'
import { builtProgram } from './base/built-program.ts'
import { CofferError } from './base/errors.ts'
import type { ServerCheck, ServerFinding } from './base/server-checks.ts'
import { behaviourOf } from './cloud/behaviour.ts'
import { testedBehaviour } from './cloud/tested-behaviour.ts'
import type { Connection, CredentialSource } from './cloud/connection.ts'
import { connectionOf, type ConnectionChoice } from './cloud/choice.ts'
import { memoryOf, readDemands, rememberDemands, type DemandMemory } from './cloud/bucket-demands.ts'
import { openClients, type AskMfaCode } from './cloud/clients.ts'
import { NAME_ENCODINGS } from './cloud/listed-names.ts'
import { rememberNames, trustNames, type NameMemory } from './cloud/name-encoding.ts'
import type { ServerCommand, StartServer } from './cloud/this-computer/launch.ts'
import { openThisComputer, type ThisComputer } from './cloud/this-computer/this-computer.ts'
import { openCustomerKeys, type CustomerKeys } from './keys/customer-keys.ts'
import { foundInWords } from './keys/rebuild.ts'
import { localIdentity, localOwner, takeIdentity } from './keys/local-identity.ts'
import {
  changePassphrase,
  openKeySearch,
  openSecrets,
  replaceLostSecrets,
  secretsHome,
  type AskPassphrase,
  type OpenSecrets,
  type SecretsHome,
} from './keys/open-secrets.ts'
import { LOCAL_PLACE, openPlaces, type Places } from './cloud/places.ts'
import { openActivity, type Activity } from './store/activity.ts'
import { openCatalog, type StoredCatalog } from './store/catalog.ts'
import { keepCopies } from './store/copy-schedule.ts'
import { requireInPlace } from './store/database.ts'
import { copyFailedInWords, lostInWords, openOrExplain } from './store/lost-database.ts'
import { openDownloads, type Downloads } from './store/downloads.ts'
import { cofferHome, makeHome } from './store/home.ts'
import { openKeyUses } from './store/key-uses.ts'
import { openKeyTable } from './store/keys.ts'
import { openPlaceTable } from './store/places.ts'
import { openRekeyRuns, type RekeyRuns } from './store/rekey-runs.ts'
import { openServerFindings, type ServerFindings } from './store/server-findings.ts'
import { openUploads, type Uploads } from './store/uploads.ts'
import { sweepHome } from './store/sweep-home.ts'
import { writeBehind } from './store/write-behind.ts'
import { asText, openSettings, type Settings } from './store/settings.ts'
import { openTransferRuns } from './store/transfer-runs.ts'
import { openQueue, type Queue } from './transfers/queue/queue.ts'
import { rateLimit } from './transfers/rate-limit.ts'
import { openLastReads, type LastReads } from './vault/last-reads.ts'
import { isStreamRef, type OpenSource } from './vault/put-plan.ts'
import { fileSource } from './vault/source.ts'
import { limitOf } from './vault/rate-limits.ts'
import { openSmallThread } from './vault/small-thread.ts'
import { transferWork, type TransferDone } from './vault/transfer-work.ts'
import type { Vault } from './vault/vault.ts'

export interface CofferOptions {
  /** Coffer's folder; COFFER_HOME or the system's own place unless told. */
  home?: string | undefined
  env?: NodeJS.ProcessEnv | undefined
  /** Without it, a passphrase comes from COFFER_PASSPHRASE_FILE or not at all. */
  askPassphrase?: AskPassphrase | undefined
  /** Asks for the code that an MFA device shows; left out: profiles that want one are refused. */
  askMfaCode?: AskMfaCode | undefined
  /** Ends the wait for a person who has to unlock the keychain. */
  signal?: AbortSignal | undefined
  /** How this host starts This computer's server; with this very runtime unless told. */
  serverCommand?: ServerCommand | StartServer | undefined
  /**
   * Opens what this host hands over itself, named `stream:ID` where a path would be, each as often as it is asked. Throws
   * FILE_NOT_FOUND for one that is gone.
   */
  openStream?: OpenSource | undefined
  /** Hears what Coffer has mended by itself, or waits for, and the person should know. */
  notify?: ((text: string) => void) | undefined
  /**
   * Called with true when a call begins to wait for the person to unlock the keychain, and with false when it ends; several
   * calls can wait. Without it, `notify` hears of the first wait.
   */
  onKeychainWait?: ((isWaiting: boolean) => void) | undefined
}

/** Copies of the database, for hosts in which it cannot be opened. */
export { listCopies, newestSoundCopy, type DatabaseCopy } from './store/database-copies.ts'
export { replaceDatabase } from './store/restore-database.ts'
export { findInstance, takeInstance, type Instance } from './store/instance.ts'

/** A vault and the pool of connections that it holds until it is disposed of. */
export interface OpenVault extends Vault, Disposable {}

/** All of one person's Coffer, built. Nothing asks for a keychain or a server before it needs one. */
export interface Coffer {
  /** Its folder, as a real path. */
  home: string
  keys: CustomerKeys
  /** Where keys and other secrets are kept. */
  secrets: {
    /** Null before the first one. */
    home(): SecretsHome | null
    /** Keeps secrets in a new place from now on, if the one they were in is gone. Throws KEYCHAIN_*, PASSPHRASE_*. */
    replaceLost(): Promise<void>
    /** Throws UNSUPPORTED, INVALID_INPUT, PASSPHRASE_WRONG. */
    changePassphrase(current: string, next: string): Promise<void>
  }
  places: Places
  settings: Settings
  activity: Activity
  catalog: StoredCatalog
  rekeyRuns: RekeyRuns
  downloads: Downloads
  uploads: Uploads
  lastReads: LastReads
  /** What is known of the servers of places. */
  serverFindings: ServerFindings
  transfers: Queue<TransferDone>
  localCloud: ThisComputer
  /**
   * Opens a stored place by id or name, a connection that is used once, or, if none is named, the default place: the
   * setting `defaultPlace`, else This computer. AWS's environment variables never choose a place here; a host that wants
   * them to, as the command line does, reads them into a connection. `credentials` go with a connection; without them, its
   * profile's or the AWS SDK's default ones are used. Throws PLACE_NOT_FOUND.
   */
  openVault(place?: string | ConnectionChoice, credentials?: CredentialSource): Promise<OpenVault>
  /** Under which id a place is known in the catalog, without opening it. Throws PLACE_NOT_FOUND. */
  placeId(place?: string | ConnectionChoice): Promise<string>
  close(): Promise<void>
}

const IDLE_SECONDS = 120

/** Builds everything. Throws LOCAL_IO if the folder or its database cannot be used. */
export function openCoffer(options: CofferOptions = {}): Promise<Coffer> {
  const env = options.env ?? process.env
  const home = makeHome(options.home ?? cofferHome(env))
  const db = openOrExplain(home)
  sweepHome(home, db)
  const settings = openSettings(db)
  const catalog = openCatalog(db)
  const copies = keepCopies(db, home, settings)
  if (copies.isLost) options.notify?.(lostInWords(home))
  const downloads = openDownloads(db, home)
  downloads.sweep()
  const uploads = openUploads(db, home)
  const lastReads = openLastReads()
  const activity = openActivity(db)
  const onWait = options.onKeychainWait ?? onceOnly(() => options.notify?.(KEYCHAIN_WAITS))
  const keychainWait = { signal: options.signal, onWait }
  const secretsOptions = { home, settings, env, askPassphrase: options.askPassphrase, ...keychainWait }
  const secrets = once(() => openSecrets(secretsOptions))
  const keys = openCustomerKeys(openKeyTable(db), secrets, {
    uses: openKeyUses(db, home),
    search: openKeySearch(secretsOptions, secrets),
    onFound: (found, kind) => options.notify?.(foundInWords(found, kind)),
  })
  const serverFindings = openServerFindings(db)
  const forgetPlace = (place: string): void => {
    catalog.forgetPlace(place)
    serverFindings.forget(place)
    settings.clear(nameSetting(place))
    settings.clear(demandsSetting(place))
  }
  const places = openPlaces(openPlaceTable(db), { forgetPlace }, secrets)
  const identityLock = join(home, 'identity.lock')
  const localCloud = openThisComputer({
    command: options.serverCommand ?? defaultServerCommand(),
    lock: join(home, 'this-computer.lock'),
    settings,
    defaultDataDir: join(home, 'this-computer'),
    identity: async (folder) => localIdentity(await secrets(), identityLock, folder),
    takeIdentity: async (kit) => takeIdentity(await secrets(), identityLock, kit),
    owner: async () => localOwner(await secrets(), identityLock),
    idleSeconds: IDLE_SECONDS,
  })

  const connect = (place: string, connection: Connection): OpenVault => {
    const known = {
      find: (check: ServerCheck) => serverFindings.find(place, check),
      learn: (finding: ServerFinding) => serverFindings.learn(place, finding),
    }
    const clients = openClients(connection, known, options.askMfaCode)
    const { s3, kms } = clients
    const makesBuckets = place === LOCAL_PLACE
    const server = behaviourOf(connection, makesBuckets, testedBehaviour(serverFindings.list(place)))
    if (server.kind === 'foreign') rememberNames(s3, nameMemory(settings, place))
    else trustNames(s3)
    const demands = demandsOf(settings, place)
    rememberDemands(s3, demands)
    const learn: DemandMemory['set'] = (bucket, learned) => demands.set(bucket, learned)
    const books = { keys, catalog, lastReads, downloads, learn }
    // A thread has credentials of its own, and nobody to ask for a code.
    const bench = { place, makesBuckets, server, connection, demands: demands.all() }
    const thread = connection.settings?.asksMfa === true ? undefined : openSmallThread(bench, books)
    const kept = { catalog, downloads, uploads, lastReads, findings: known }
    const close = (): void => {
      thread?.[Symbol.dispose]()
      clients.close()
    }
    return { place, makesBuckets, server, s3, kms, keys, ...kept, thread, [Symbol.dispose]: close }
  }

  const findPlace = (chosen?: string) => places.find(chosen ?? settings.get('defaultPlace', asText) ?? LOCAL_PLACE)

  const placeId = async (chosen?: string | ConnectionChoice): Promise<string> =>
    typeof chosen === 'object' && chosen.place === undefined
      ? idOf(await connectionOf(chosen))
      : findPlace(nameIn(chosen)).id

  const openVault = async (chosen?: string | ConnectionChoice, credentials?: CredentialSource): Promise<OpenVault> => {
    if (typeof chosen === 'object' && chosen.place === undefined) {
      const connection = await connectionOf(chosen, credentials)
      return connect(idOf(connection), connection)
    }
    const place = findPlace(nameIn(chosen))
    const connection = await (place.kind === 'local' ? localConnection(localCloud) : places.connection(place))
    return connect(place.id, { ...connection, ...standingIn(chosen) })
  }

  const transfers = openQueue({
    runs: openTransferRuns(db, home),
    work: transferWork({ openVault, openSource: sourceOpener(options.openStream), settings, activity, keys }),
    ledger: writeBehind(db),
    limits: { up: rateLimit(limitOf(settings, 'up')), down: rateLimit(limitOf(settings, 'down')) },
    moves: (place) => place === LOCAL_PLACE,
  })
  const close = async () => {
    await transfers.close()
    downloads.close()
    uploads[Symbol.dispose]()
    try {
      writeBehind(db).flush()
      requireInPlace(db)
      await copies.finish().catch((error: unknown) => options.notify?.(copyFailedInWords(error)))
    } finally {
      db.close()
    }
  }
  return Promise.resolve({
    home,
    keys,
    secrets: {
      home: () => secretsHome(secretsOptions),
      replaceLost: () => replaceLostSecrets(secretsOptions),
      changePassphrase: async (current, next) => {
        if (secretsHome(secretsOptions) === null) throw noSecretsYet()
        await changePassphrase(await secrets(), current, next)
      },
    },
    places,
    settings,
    activity,
    catalog,
    rekeyRuns: openRekeyRuns(db, home),
    downloads,
    uploads,
    lastReads,
    serverFindings,
    transfers,
    localCloud,
    openVault,
    placeId,
    close,
  })
}

const nameSetting = (place: string): string => `nameEncoding ${place}`

const demandsSetting = (place: string): string => `bucketDemands ${place}`

/** What the buckets of a place demand of each write. */
function demandsOf(settings: Settings, place: string): DemandMemory {
  const name = demandsSetting(place)
  return memoryOf(settings.get(name, readDemands) ?? {}, (all) => settings.set(name, all))
}

/** How the server of a place encodes the names in its lists. */
function nameMemory(settings: Settings, place: string): NameMemory {
  const name = nameSetting(place)
  const read = (value: unknown) => NAME_ENCODINGS.find((encoding) => encoding === value) ?? null
  return { get: () => settings.get(name, read), set: (encoding) => settings.set(name, encoding) }
}

/** The stored place that is named; undefined: the default one. */
function nameIn(chosen: string | ConnectionChoice | undefined): string | undefined {
  return typeof chosen === 'object' ? chosen.place || undefined : chosen
}

/** What is said on top of a stored place. */
function standingIn(chosen: string | ConnectionChoice | undefined): Partial<Connection> {
  if (typeof chosen !== 'object') return {}
  const { requestPayer, expectedBucketOwner, proxy } = chosen
  const said = Object.entries({ requestPayer, expectedBucketOwner, proxy }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said)
}

/** What is known of a server that is no stored place is kept under its address. */
function idOf({ endpoint }: Connection): string {
  return endpoint ?? 'aws'
}

/** Files by their paths, and what a host hands over by its references. */
function sourceOpener(openStream: OpenSource | undefined): OpenSource {
  return async (ref) => {
    if (!isStreamRef(ref)) return await fileSource(ref)
    if (openStream !== undefined) return await openStream(ref)
    throw new CofferError('FILE_NOT_FOUND', 'What was dropped here is not at hand any more.', {
      hint: 'Drop it again.',
    })
  }
}

async function localConnection(localCloud: ThisComputer): Promise<Connection> {
  const { endpoint, region, credentials } = await localCloud.ensure()
  return {
    endpoint,
    kmsEndpoint: endpoint,
    region,
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-supported',
    credentials: { kind: 'keys', ...credentials },
    provenBy: credentials.secretAccessKey,
  }
}

/** The system asks in a window of its own, which may be behind others, or on a screen where nobody sits. */
const KEYCHAIN_WAITS = "Waiting for this system's keychain: unlock it where it asks for that. Ctrl-C gives up."

function onceOnly(act: () => void): () => void {
  let done = false
  return () => {
    if (!done) act()
    done = true
  }
}

/** Opens at the first call, and again only if that failed: the keychain may be unlocked by then. */
function once(open: () => Promise<OpenSecrets>): () => Promise<OpenSecrets> {
  let opened: Promise<OpenSecrets> | undefined
  return async () => {
    const opening = (opened ??= open())
    try {
      return await opening
    } catch (error) {
      if (opened === opening) opened = undefined
      throw error
    }
  }
}

function noSecretsYet(): CofferError {
  return new CofferError('UNSUPPORTED', 'There is no passphrase to change: no key is kept here yet.', {
    hint: 'Make a key first: coffer key new NAME.',
  })
}

function defaultServerCommand(): ServerCommand {
  const program = builtProgram('localcloud.js', 'localcloud/main.ts')
  // The packaged app's program needs the switches that made it run this one (desktop/entry.ts).
  const isApp = 'electron' in process.versions
  const switches = isApp ? process.execArgv : ['--disable-warning=ExperimentalWarning']
  return { file: process.execPath, args: [...switches, program] }
}
