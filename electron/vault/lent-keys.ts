import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import type { KeyPurpose } from '../base/key-purpose.ts'
import { keepSecrets } from '../keys/kept-secrets.ts'
import type { KeyInfo, KeyRing, LentKey } from '../keys/keyring.ts'
import { revived } from '../transfers/queue/failure.ts'
import type { KeyAnswer, KeyQuestion } from './small-orders.ts'

/** The main thread's key ring, asked from another. */
export interface LentKeys extends KeyRing {
  /** Hears an answer. */
  answered(answer: KeyAnswer): void
}

/** How long an answer of the key ring holds, in milliseconds: as long as it keeps a secret itself. */
const HOLDS = 5_000

type WithoutId<Q> = Q extends unknown ? Omit<Q, 'id'> : never
type Question = WithoutId<KeyQuestion>

interface Copy {
  users: number
  key: Promise<LentKey>
}

/**
 * What is lent waits here sealed, as it does there. Files that go side by side are lent one copy of a key, which is zeroed
 * when the last of them has given it back. Of an RSA key only the public half is lent.
 */
export function lentKeys(put: (question: KeyQuestion) => void): LentKeys {
  const questions = new Map<number, PromiseWithResolvers<KeyAnswer>>()
  const known = new Map<string, Promise<KeyInfo[]>>()
  const kept = keepSecrets()
  const copies = new Map<string, Copy>()
  const publicKeys = new Map<string, LentKey>()
  let asked = 0

  async function ask(question: Question): Promise<KeyAnswer> {
    const id = ++asked
    const answer = Promise.withResolvers<KeyAnswer>()
    questions.set(id, answer)
    put({ id, ...question })
    const given = await answer.promise
    if ('failure' in given) throw revived(given.failure)
    return given
  }

  function infos(question: Exclude<Question, { what: 'lend' }>): Promise<KeyInfo[]> {
    const name = JSON.stringify(question)
    const before = known.get(name)
    if (before !== undefined) return before
    const asking = ask(question).then((answer) => ('found' in answer ? answer.found : []))
    known.set(name, asking)
    const forget = (): void => void known.delete(name)
    asking.catch(forget)
    setTimeout(forget, HOLDS).unref()
    return asking
  }

  function copyOf(name: string, id: string, purpose: KeyPurpose): Copy {
    const copy = { users: 0, key: lent(name, id, purpose) }
    copies.set(name, copy)
    return copy
  }

  /** What was lent for one purpose is not at hand for the other. */
  async function lent(name: string, id: string, purpose: KeyPurpose): Promise<LentKey> {
    const bytes = await kept.get(name, async () => {
      const answer = await ask({ what: 'lend', key: id, purpose })
      if ('secret' in answer) return Buffer.from(answer.secret.buffer as ArrayBuffer)
      if ('publicKey' in answer) publicKeys.set(id, { ...answer, privateKey: null })
      return null
    })
    return bytes === null ? (publicKeys.get(id) ?? lost()) : { kind: 'aes-256', bytes }
  }

  function giveBack(name: string, copy: Copy): void {
    if (copy.users > 0) return
    if (copies.get(name) === copy) copies.delete(name)
    void copy.key.then(
      (key) => key.kind === 'aes-256' && zero(key.bytes),
      () => undefined,
    )
  }

  return {
    list: () => infos({ what: 'list' }),
    async find(idOrName) {
      const [info] = await infos({ what: 'find', key: idOrName })
      return info ?? lost()
    },
    async claim(id, purpose) {
      const [info] = await infos({ what: 'claim', key: id, purpose })
      return info ?? lost()
    },
    async lend(id, purpose, use) {
      const name = `${purpose} ${id}`
      const copy = copies.get(name) ?? copyOf(name, id, purpose)
      copy.users += 1
      try {
        return await use(await copy.key)
      } finally {
        copy.users -= 1
        // Those that come in this turn of the event loop still find it.
        if (copy.users === 0) setImmediate(giveBack, name, copy)
      }
    },
    answered(answer) {
      questions.get(answer.id)?.resolve(answer)
      questions.delete(answer.id)
    },
  }
}

function lost(): never {
  throw new CofferError('INTERNAL', 'A key was asked for, and the answer was none.')
}
