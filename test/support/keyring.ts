import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { CofferError } from '../../electron/base/errors.ts'
import type { RecordedPurpose } from '../../electron/base/key-purpose.ts'
import { keyId } from '../../electron/keys/key-id.ts'
import type { KeyInfo, KeyRing, LentKey } from '../../electron/keys/keyring.ts'
import { otherPurpose, requirePurpose } from '../../electron/keys/purpose.ts'

/** A key ring in memory with real keys; its secrets are lent as copies that are wiped, as the real one does. */
export interface TestKeyRing extends KeyRing {
  /** Not used yet, unless told. */
  addAes(name: string, bytes?: Buffer, purpose?: RecordedPurpose): KeyInfo
  addRsa(name: string, key?: KeyObject): KeyInfo
  remove(id: string): void
  /** Every buffer that was lent so far. */
  lent: Buffer[]
}

export function testKeyRing(): TestKeyRing {
  const held = new Map<string, { info: KeyInfo; lend: () => LentKey }>()
  const lent: Buffer[] = []
  const add = (
    { id, name, kind, purpose }: Pick<KeyInfo, 'id' | 'name' | 'kind' | 'purpose'>,
    lend: () => LentKey,
  ): KeyInfo => {
    const info = { id, name, kind, createdAt: new Date(), kitSavedAt: null, kitDeclinedAt: null, purpose }
    held.set(id, { info, lend })
    return info
  }
  const notFound = (id: string) => new CofferError('KEY_NOT_FOUND', `There is no key ${id}.`)
  return {
    lent,
    addAes: (name, bytes = randomBytes(32), purpose = 'unused') =>
      add({ id: keyId(bytes), name, kind: 'aes-256', purpose }, () => ({ kind: 'aes-256', bytes: Buffer.from(bytes) })),
    addRsa(name, key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey) {
      const publicKey = key.type === 'public' ? key : createPublicKey(key)
      const kind = key.type === 'public' ? 'rsa-public' : 'rsa-pair'
      const privateKey = key.type === 'public' ? null : createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))
      const id = keyId(publicKey.export({ type: 'spki', format: 'der' }))
      return add({ id, name, kind, purpose: 'cse' }, () => ({ kind, publicKey, privateKey }))
    },
    remove: (id) => void held.delete(id),
    list: () => Promise.resolve([...held.values()].map(({ info }) => info)),
    find(idOrName) {
      const found = [...held.values()].find(({ info }) => info.id === idOrName || info.name === idOrName)
      return found ? Promise.resolve(found.info) : Promise.reject(notFound(idOrName))
    },
    claim(id, purpose) {
      const found = held.get(id)
      if (found === undefined) return Promise.reject(notFound(id))
      requirePurpose(found.info, purpose)
      found.info.purpose = purpose
      return Promise.resolve(found.info)
    },
    async lend(id, purpose, use) {
      const found = held.get(id)
      if (found === undefined) throw notFound(id)
      if (purpose === 'sse-c' && found.info.purpose !== 'sse-c') throw otherPurpose(found.info, purpose)
      const key = found.lend()
      if (key.kind === 'aes-256') lent.push(key.bytes)
      try {
        return await use(key)
      } finally {
        if (key.kind === 'aes-256') key.bytes.fill(0)
      }
    },
  }
}
