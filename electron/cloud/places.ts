import { randomBytes } from 'node:crypto'
import { zero } from '../base/bytes.ts'
import { CofferError, isCofferError } from '../base/errors.ts'
import type { Place, PlaceTable } from '../store/places.ts'
import { finishWrites } from '../store/secret-writes.ts'
import type { AwsSettings } from './aws-settings/settings.ts'
import { isAmazon } from './behaviour.ts'
import { connectionOf, type ConnectionChoice } from './choice.ts'
import type { Connection, CredentialSource } from './connection.ts'

/** Where a place's access keys rest. */
export interface PlaceSecrets {
  get(account: string): Promise<Buffer | null>
  set(account: string, value: Uint8Array): Promise<void>
  delete(account: string): Promise<void>
}

export interface NewPlace {
  name: string
  connection: ConnectionChoice
  credentials: CredentialSource
}

/** The person's places. This computer is always one of them. */
export interface Places {
  list(): Promise<Place[]>
  /** By id or name. Throws PLACE_NOT_FOUND. */
  find(idOrName: string): Place
  /**
   * Stores a place, and its access keys in the keychain. `tryOut` runs before anything is stored; if it throws, nothing is.
   * Throws ALREADY_EXISTS, INVALID_INPUT; KEYCHAIN_* and PASSPHRASE_* if it has access keys.
   */
  add(place: NewPlace, tryOut?: () => Promise<void>): Promise<Place>
  /** Throws PLACE_NOT_FOUND; INVALID_INPUT for This computer. */
  remove(idOrName: string): Promise<void>
  /** How to reach a place other than This computer, with its credentials. */
  connection(place: Place): Promise<Connection>
}

/** This computer's id. */
export const LOCAL_PLACE = 'local'

const THIS_COMPUTER: Place = {
  id: LOCAL_PLACE,
  name: 'This computer',
  kind: 'local',
  endpoint: undefined,
  kmsEndpoint: undefined,
  region: 'us-east-1',
  pathStyle: true,
  caBundle: undefined,
  checksums: 'when-supported',
  credentials: { kind: 'default' },
}

export function openPlaces(
  table: PlaceTable,
  catalog: { forgetPlace(place: string): void },
  openSecrets: () => Promise<PlaceSecrets>,
): Places {
  const secrets = async (): Promise<PlaceSecrets> => {
    const store = await openSecrets()
    await finishWrites(table.writes, store, (place) => addApart(table, place))
    return store
  }
  const find = (idOrName: string): Place => {
    const place = isThisComputer(idOrName) ? THIS_COMPUTER : table.find(idOrName)
    if (place === null) throw new CofferError('PLACE_NOT_FOUND', `There is no place ${idOrName}.`)
    return place
  }

  return {
    list: () => Promise.resolve([THIS_COMPUTER, ...table.list()]),
    find,

    async add({ name, connection: choice, credentials }, tryOut) {
      const chosen = newName(table, name)
      const connection = await connectionOf(choice, credentials)
      await tryOut?.()
      const place = toPlace(randomBytes(8).toString('hex'), chosen, connection)
      if (credentials.kind === 'keys') await addWithKeys(table, await secrets(), place, credentials)
      else table.add(place)
      return place
    },

    async remove(idOrName) {
      const { id, kind, credentials } = find(idOrName)
      if (kind === 'local')
        throw new CofferError('INVALID_INPUT', 'This computer is always there and cannot be removed.')
      // The secret goes first: if this is cut off in between, the place is still listed and can be removed again.
      if (credentials.kind === 'keys') await (await secrets()).delete(account(id))
      table.remove(id)
      catalog.forgetPlace(id)
    },

    async connection(place) {
      const { id, name, credentials, endpoint, kmsEndpoint, region, pathStyle, caBundle, checksums } = place
      const { requestPayer, expectedBucketOwner, proxy, sources } = place
      const source = credentials.kind === 'keys' ? await readKeys(await secrets(), id, name) : credentials
      return {
        endpoint,
        kmsEndpoint,
        region,
        pathStyle,
        caBundle,
        checksums,
        credentials: source,
        requestPayer,
        expectedBucketOwner,
        proxy,
        settings: place.settings as AwsSettings | undefined,
        sources,
      }
    },
  }
}

function isThisComputer(idOrName: string): boolean {
  return idOrName === LOCAL_PLACE || idOrName.toLowerCase() === THIS_COMPUTER.name.toLowerCase()
}

function newName(table: PlaceTable, name: string): string {
  const trimmed = name.trim()
  if (trimmed.length < 1 || trimmed.length > 100) {
    throw new CofferError('INVALID_INPUT', 'A place name has 1 to 100 characters.')
  }
  if (isThisComputer(trimmed) || table.find(trimmed) !== null) {
    throw new CofferError('ALREADY_EXISTS', `There is a place named ${trimmed} already.`, {
      hint: 'Choose another name.',
    })
  }
  return trimmed
}

function toPlace(id: string, name: string, { credentials, ...connection }: Connection): Place {
  return {
    id,
    name,
    kind: connection.endpoint === undefined || isAmazon(connection.endpoint) ? 'aws' : 'compatible',
    ...connection,
    credentials: stored(credentials),
  }
}

function stored(credentials: CredentialSource): Place['credentials'] {
  switch (credentials.kind) {
    case 'keys':
      return { kind: 'keys' }
    case 'environment':
      return { kind: 'default' }
    default:
      return credentials
  }
}

type AccessKeys = Extract<CredentialSource, { kind: 'keys' }>

function account(placeId: string): string {
  return `place/${placeId}`
}

/** Stores the access keys, then the place, so that no place is listed whose keys are not there. */
async function addWithKeys(table: PlaceTable, secrets: PlaceSecrets, place: Place, keys: AccessKeys): Promise<void> {
  // A place of this name may just have come to light.
  newName(table, place.name)
  table.writes.begin(account(place.id), place)
  try {
    await keepKeys(secrets, place.id, keys)
    table.add(place)
  } catch (error) {
    // The first failure is what the person is told.
    await secrets.delete(account(place.id)).catch(() => undefined)
    throw error
  } finally {
    table.writes.end(account(place.id))
  }
}

/** Adds a place; if another one has taken its name meanwhile, under one with its id. */
function addApart(table: PlaceTable, place: Place): void {
  try {
    table.add(place)
  } catch (error) {
    if (!isCofferError(error, 'ALREADY_EXISTS') || table.find(place.id)?.id === place.id) return
    table.add({ ...place, name: `${place.name} (${place.id})` })
  }
}

async function keepKeys(secrets: PlaceSecrets, id: string, keys: AccessKeys): Promise<void> {
  const text = Buffer.from(JSON.stringify(keys))
  try {
    await secrets.set(account(id), text)
  } finally {
    zero(text)
  }
}

async function readKeys(secrets: PlaceSecrets, id: string, name: string): Promise<AccessKeys> {
  const text = await secrets.get(account(id))
  if (text === null) throw new CofferError('CREDENTIALS_MISSING', `The access keys of the place ${name} are gone.`)
  try {
    return JSON.parse(text.toString()) as AccessKeys
  } catch {
    // What JSON.parse says of it quotes it.
    throw new CofferError('INTEGRITY', `The access keys of the place ${name} were changed by something else.`, {
      hint: 'Remove the place and add it again: coffer place remove, coffer place add.',
    })
  } finally {
    zero(text)
  }
}
