import { createPublicKey } from 'node:crypto'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import type { KeyForm, SymmetricForm } from '../base/key-forms.ts'
import type { KeyPurpose, RecordedPurpose } from '../base/key-purpose.ts'
import { noteAccount, openNotes } from './key-notes.ts'
import type { KeySearch } from './open-secrets.ts'
import { findLost } from './rebuild.ts'
import type { KeyUses, UnfinishedUse } from '../store/key-uses.ts'
import type { KeyRow, KeyTable } from '../store/keys.ts'
import { readKey } from './import.ts'
import { keepSecrets } from './kept-secrets.ts'
import type { KeyInfo, KeyRing } from './keyring.ts'
import type { KitContent } from './kit-content.ts'
import { newAesKey, newRsaPair, publicHalf, toLentKey, type Material } from './material.ts'
import { beingDeleted, requireUnused } from './key-in-use.ts'
import {
  findOne,
  missing,
  onlyPublic,
  refuseOther,
  refuseSentRsa,
  refuseTaken,
  toInfo,
  validName,
} from './key-checks.ts'
import { claimPurpose, otherPurpose } from './purpose.ts'
import { restoreAll, takenAs, type Taken } from './restore.ts'
import type { SecretStore } from './secret-store.ts'
import { finishKeys, storeKey } from './store-key.ts'

/** A key that was taken in, and whether it was here before. */
export type TakenKey = KeyInfo & { taken: Taken }

/** All that a host can do with customer keys. Only `export` lets material out. */
export interface CustomerKeys extends KeyRing {
  /** Makes a key. Throws ALREADY_EXISTS if the name is taken, INVALID_INPUT for an RSA pair that is to be sent. */
  create(options: {
    kind?: 'aes-256' | 'rsa-3072' | undefined
    name?: string | undefined
    /** Undefined: its first use decides. */
    purpose?: KeyPurpose | undefined
  }): Promise<KeyInfo>
  /**
   * Takes in a key from elsewhere (see readKey for its forms, and for `as`). The same material is the same key: one that is here already
   * keeps its name and is answered. With `publicOnly`, nothing is kept of an RSA key but its public half. Throws
   * INVALID_INPUT, ALREADY_EXISTS if the name is taken, KEY_PURPOSE if the key is here with another purpose.
   */
  import(
    input: string | Uint8Array,
    options: {
      name?: string | undefined
      publicOnly?: boolean | undefined
      as?: SymmetricForm | undefined
      purpose?: KeyPurpose | undefined
    },
  ): Promise<TakenKey & { readAs: KeyForm }>
  /** Takes in all keys of an opened kit, or none, and zeroes them there. */
  restore(kit: Pick<KitContent, 'keys' | 'madeAt'>): Promise<TakenKey[]>
  /**
   * The material, for an explicit export or a kit and nothing else: 32 bytes, PKCS #8, or SPKI in DER. The caller zeroes it.
   * With `publicOnly`, an RSA key's public half alone; INVALID_INPUT for a key that has none.
   */
  export(id: string, options?: { publicOnly?: boolean | undefined }): Promise<{ kind: KeyInfo['kind']; bytes: Buffer }>
  /**
   * Records what a key is for, as the person says it; once recorded, it stays. Throws KEY_PURPOSE if it has another purpose,
   * INVALID_INPUT for an RSA key that is to be sent.
   */
  setPurpose(id: string, purpose: KeyPurpose): Promise<KeyInfo>
  rename(id: string, name: string): Promise<KeyInfo>
  /** Notes that its recovery kit has been saved. */
  markKitSaved(id: string, at: Date): Promise<KeyInfo>
  /** Notes that the person goes on without one. */
  markKitDeclined(id: string, at: Date): Promise<KeyInfo>
  /** False for a key that was deleted, or is being deleted now, by this process or another one. */
  isKept(id: string): boolean
  /** What was begun under a key, by any process, and has not come to its end. */
  unfinished(id: string): Promise<UnfinishedUse[]>
  /**
   * Forgets the key for good. Whoever calls has made sure that the person means it. Throws KEY_IN_USE while a process works
   * on something that needs the key.
   */
  delete(id: string): Promise<void>
}

/** What is around the keys of a folder. */
export interface KeysOptions {
  uses?: KeyUses | undefined
  /** Where keys may be that the table does not know of. */
  search?: KeySearch | undefined
  /** Hears of keys that were lost and are listed again. */
  onFound?: ((keys: KeyInfo[], where: SecretStore['kind']) => void) | undefined
}

const NO_USES: KeyUses = { unfinished: () => [] }

/** The secret store is opened when the first key needs it and not before. */
export function openCustomerKeys(
  table: KeyTable,
  openStore: () => Promise<SecretStore>,
  { uses = NO_USES, search, onFound }: KeysOptions = {},
): CustomerKeys {
  const row = (id: string): KeyRow => table.get(id) ?? missing(id)
  const kept = keepSecrets()
  const notes = openNotes(table, async () => {
    const store = await openStore()
    await finishKeys(table, store)
    return store
  })
  const { secrets } = notes
  const lost = findLost(table, search, onFound)

  const keep = async (material: Material, name: string | undefined, purpose: RecordedPurpose): Promise<TakenKey> => {
    const { id, kind, publicKey, secret } = material
    try {
      const chosen = name === undefined ? `key-${id.slice(0, 8)}` : validName(name)
      const known = table.get(id)
      if (known === null) refuseTaken(table, chosen)
      else refuseOther(known, purpose)
      refuseSentRsa(material, purpose)
      const arriving = {
        id,
        kind,
        publicKey,
        name: chosen,
        createdAt: new Date(),
        kitSavedAt: null,
        kitDeclinedAt: null,
        purpose: kind === 'aes-256' ? purpose : ('cse' as const),
      }
      const row =
        secret === null
          ? table.add(arriving)
          : await storeKey(table, await secrets(), account(id), { row: arriving, secret })
      await notes.write()
      return { ...toInfo(row), taken: takenAs(known, arriving) }
    } finally {
      zero(secret)
    }
  }

  const read = async (id: string): Promise<Buffer | null> => (await secrets()).get(account(id))

  const material = async (
    { id, kind, publicKey, name }: KeyRow,
    get: (id: string) => Promise<Buffer | null> = read,
  ): Promise<Omit<Material, 'id'>> => {
    if (kind === 'rsa-public') return { kind, publicKey, secret: null }
    const secret = await get(id)
    if (secret !== null) return { kind, publicKey, secret }
    throw new CofferError('KEY_NOT_FOUND', `The material of the key ${name} is gone from where keys are kept.`, {
      hint: 'Import the key again, or restore its recovery kit: coffer key restore.',
      facts: { keyId: id },
    })
  }

  const changed = async (id: string, change: () => void): Promise<KeyInfo> => {
    change()
    await notes.write()
    return toInfo(row(id))
  }

  return {
    async list() {
      await lost.find()
      return table.list().map(toInfo)
    },

    async find(idOrName) {
      await lost.find()
      return toInfo(findOne(table, idOrName))
    },

    claim: (id, purpose) =>
      settle(() => {
        const { name } = row(id)
        if (!table.isKept(id)) throw beingDeleted(id, name)
        return changed(id, () => claimPurpose(table, row(id), purpose))
      }),

    setPurpose: (id, purpose) =>
      settle(() => {
        refuseSentRsa(row(id), purpose)
        return changed(id, () => claimPurpose(table, row(id), purpose, true))
      }),

    async lend(id, purpose, use) {
      if (purpose === 'sse-c' && row(id).purpose !== purpose) throw otherPurpose(row(id), purpose)
      const lent = toLentKey(await material(row(id), (known) => kept.get(known, () => read(known))))
      try {
        return await use(lent)
      } finally {
        if (lent.kind === 'aes-256') zero(lent.bytes)
      }
    },

    async create({ kind, name, purpose }) {
      return toInfo(await keep(kind === 'rsa-3072' ? await newRsaPair() : newAesKey(), name, purpose ?? 'unused'))
    },

    async import(input, { name, publicOnly, as, purpose }) {
      const { material, form } = readKey(input, as)
      const taken = await keep(publicOnly === true ? publicHalf(material) : material, name, purpose ?? 'unknown')
      return { ...taken, readAs: form }
    },

    async restore(kit) {
      const restored = await restoreAll(table, secrets, account, kit)
      await notes.write()
      return restored.map((each) => ({ ...toInfo(each.row), taken: each.taken }))
    },

    async export(id, { publicOnly = false } = {}) {
      const { publicKey } = row(id)
      const { kind, secret } = publicOnly ? onlyPublic(row(id)) : await material(row(id))
      if (secret !== null) return { kind, bytes: secret }
      return { kind, bytes: createPublicKey(publicKey ?? '').export({ type: 'spki', format: 'der' }) }
    },

    rename: (id, name) => changed(id, () => table.rename(row(id).id, validName(name))),

    markKitSaved: (id, at) => changed(id, () => table.markKitSaved(row(id).id, at)),

    markKitDeclined: (id, at) => changed(id, () => table.markKitDeclined(row(id).id, at)),

    isKept: (id) => table.isKept(id),
    unfinished: (id) => settle(() => uses.unfinished(row(id))),

    async delete(id) {
      const found = row(id)
      // What is begun after this sees that the key is being deleted; what was begun before is seen here.
      table.startDeleting(id, () => requireUnused(found, uses.unfinished(found)))
      kept.forget(id)
      // The material goes first: if this is cut off in between, the key is still listed and can be deleted again.
      if (found.kind !== 'rsa-public') await (await secrets()).delete(account(id))
      if (table.notedAs(id) !== null) await (await secrets()).delete(noteAccount(id))
      table.remove(id)
    },
  }
}

/** Makes what a synchronous part throws a rejection. */
async function settle<T>(work: () => T | Promise<T>): Promise<T> {
  return work()
}

function account(id: string): string {
  return `key/${id}`
}
