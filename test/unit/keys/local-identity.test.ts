import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rootKeyCheck, rootKeyId } from '../../../electron/base/root-key-id.ts'
import { localIdentity, localOwner, takeIdentity } from '../../../electron/keys/local-identity.ts'
import { testFolder } from '../store/folder.ts'

/** A folder that holds nothing yet. */
const NEW = { id: null, mayMake: true }

function countingStore() {
  const held = new Map<string, Buffer>()
  const read: string[] = []
  return {
    read,
    get(account: string) {
      read.push(account)
      const value = held.get(account)
      return Promise.resolve(value === undefined ? null : Buffer.from(value))
    },
    set(account: string, value: Uint8Array) {
      held.set(account, Buffer.from(value))
      return Promise.resolve()
    },
  }
}

test('to ask a server, the owner is enough: the root key is not read', async () => {
  const [secrets, lock] = [countingStore(), join(testFolder(), 'lock')]
  const { rootKey, owner } = await localIdentity(secrets, lock, NEW)
  expect(rootKey).toHaveLength(32)
  secrets.read.length = 0
  expect(await localOwner(secrets, lock)).toEqual(owner)
  expect(secrets.read).toEqual(['local/owner'])
})

const idOf = (rootKey: Buffer): string => rootKeyId(rootKeyCheck(rootKey))

test('an owner who asks first stays the owner', async () => {
  const [secrets, lock] = [countingStore(), join(testFolder(), 'lock')]
  const owner = await localOwner(secrets, lock)
  expect(await localIdentity(secrets, lock, NEW)).toMatchObject({ owner })
})

describe('a root key out of a kit', () => {
  const kit = () => ({ rootKey: Buffer.alloc(32, 7), owner: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' } })
  const id = idOf(kit().rootKey)

  test('opens its folder, and new folders get one of their own', async () => {
    const [secrets, lock] = [countingStore(), join(testFolder(), 'lock')]
    expect(await takeIdentity(secrets, lock, kit())).toBe('new')
    expect(await takeIdentity(secrets, lock, kit())).toBe('known')
    expect(await localIdentity(secrets, lock, { id, mayMake: false })).toEqual(kit())
    const own = await localIdentity(secrets, lock, NEW)
    expect(own.rootKey.equals(kit().rootKey)).toBe(false)
    expect(own.owner, 'who has none of their own is given the owner of the kit').toEqual(kit().owner)
  })

  test('takes no place of what is here', async () => {
    const [secrets, lock] = [countingStore(), join(testFolder(), 'lock')]
    const own = await localIdentity(secrets, lock, NEW)
    await takeIdentity(secrets, lock, kit())
    expect(await localIdentity(secrets, lock, NEW)).toEqual(own)
    expect(await localIdentity(secrets, lock, { id: idOf(own.rootKey), mayMake: false })).toEqual(own)
    expect(await localIdentity(secrets, lock, { id, mayMake: false })).toEqual({ ...own, rootKey: kit().rootKey })
    expect(await takeIdentity(secrets, lock, own)).toBe('known')
  })

  test('that is not here is KEY_WRONG, with the way to bring it', async () => {
    const [secrets, lock] = [countingStore(), join(testFolder(), 'lock')]
    await expect(localIdentity(secrets, lock, { id, mayMake: true })).rejects.toMatchObject({
      code: 'KEY_WRONG',
      hint: expect.stringContaining('--kit FILE') as string,
    })
  })
})

test('for a folder that is in use, no other root key is made in place of one that is gone', async () => {
  const [secrets, lock] = [countingStore(), join(testFolder(), 'lock')]
  await expect(localIdentity(secrets, lock, { id: null, mayMake: false })).rejects.toMatchObject({ code: 'INTEGRITY' })
  expect(await secrets.get('local/root-key')).toBeNull()
})
