import { describe, expect, it } from 'vitest'
import { customerChoices, kmsChoices, preferred } from '../../../../renderer/views/seal/key-choices.ts'

type Purpose = 'cse' | 'sse-c' | 'unused' | 'unknown'
const own = (
  id: string,
  kind: 'aes-256' | 'rsa-pair',
  saved: boolean,
  declined = false,
  purpose: Purpose = kind === 'rsa-pair' ? 'cse' : 'unused',
) => ({
  id,
  name: id,
  kind,
  createdAt: new Date(0),
  kitSavedAt: saved ? new Date(0) : null,
  kitDeclinedAt: declined ? new Date(0) : null,
  purpose,
})

describe('the keys to choose from', () => {
  it('are AES keys alone for SSE-C, which sends the key itself', () => {
    const keys = [own('aes', 'aes-256', true), own('rsa', 'rsa-pair', true)]
    expect(customerChoices(keys, 'sse-c').map(({ id }) => id)).toEqual(['aes'])
    expect(customerChoices(keys, 'cse-c').map(({ id }) => id)).toEqual(['aes', 'rsa'])
  })

  it('are those for this use, and those whose use is not decided; one from elsewhere is not chosen by itself', () => {
    const keys = (['unknown', 'cse', 'sse-c', 'unused'] as const).map((each) => own(each, 'aes-256', true, false, each))
    const [sent, sealing] = [customerChoices(keys, 'sse-c'), customerChoices(keys, 'cse-c')]
    expect(sent.map(({ id }) => id)).toEqual(['unknown', 'sse-c', 'unused'])
    expect(sealing.map(({ id }) => id)).toEqual(['unknown', 'cse', 'unused'])
    expect([preferred(sent, undefined), preferred(sealing, undefined)]).toEqual(['sse-c', 'cse'])
    expect(preferred(sent.slice(0, 1), undefined)).toBeUndefined()
  })

  it('say how their recovery kit stands', () => {
    const keys = [own('a', 'aes-256', true, true), own('b', 'aes-256', false, true), own('c', 'aes-256', false)]
    expect(customerChoices(keys, 'cse-c').map(({ kit }) => kit)).toEqual(['saved', 'declined', 'none'])
  })

  it('begin with the one that the bucket is used to', () => {
    const choices = customerChoices([own('a', 'aes-256', true), own('b', 'aes-256', true)], 'cse-c')
    expect([preferred(choices, 'b'), preferred(choices, 'gone'), preferred([], 'b')]).toEqual(['b', 'a', undefined])
  })

  it('leave out KMS keys that nothing can be written with', () => {
    expect(kmsChoices([])).toEqual([])
  })
})
