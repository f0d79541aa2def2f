import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FAILURES, type ErrorCode } from '../../../../electron/base/errors.ts'
import { explain } from '../../../../renderer/words/failures.ts'
import { stateOf } from '../../../../renderer/words/states.ts'

/** What only a person at a command line can use. */
const COMMAND_LINE = /(?:^|[\s(])--\w|\bcoffer [a-z]|\baws [a-z]|\b(?:COFFER|AWS)_[A-Z]/

const explained = (code: ErrorCode, hint: string): string =>
  explain({ code, message: 'It failed.', hint, facts: {} }).next

/** The text of every `hint:` in the core, with the codes that its file throws. */
function hintsOfCore(): { codes: ErrorCode[]; hint: string }[] {
  const core = join(import.meta.dirname, '../../../../electron')
  return readdirSync(core, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/^(?:cli|localcloud)/.test(name))
    .flatMap((name) => {
      const text = readFileSync(join(core, name), 'utf8')
      const codes = [...text.matchAll(/CofferError\(\s*'([A-Z_]+)'/g)].map(([, code]) => code as ErrorCode)
      return [...text.matchAll(/hint:\s*(['"`])(.+?)\1,? ?[}\n]/g)].map(([, , hint = '']) => ({ codes, hint }))
    })
}

describe('a failure in the window', () => {
  it.each(Object.entries(FAILURES))('%s says what to do next, and nothing of the command line', (code, { hint }) => {
    const next = explained(code as ErrorCode, hint)
    expect(next).not.toMatch(COMMAND_LINE)
    expect(next.length).toBeGreaterThan(5)
  })

  it('names no command or option, whatever hint of the core comes with it', () => {
    const hints = hintsOfCore()
    expect(hints.filter(({ hint }) => COMMAND_LINE.test(hint)).length).toBeGreaterThan(20)
    for (const { codes, hint } of hints)
      for (const code of codes) expect(explained(code, hint), `${code}: ${hint}`).not.toMatch(COMMAND_LINE)
  })

  it('keeps a hint of its own that holds in a window too', () => {
    expect(explained('KEYCHAIN_UNAVAILABLE', 'Move the folder back to /home/ann/vault.')).toBe(
      'Move the folder back to /home/ann/vault.',
    )
    expect(explained('THROTTLED', 'Wait a minute. Or ask less: coffer ls --json.')).toBe('Wait a minute.')
  })
})

describe('the state of a place', () => {
  it.each([
    ['Locked', ['KEYCHAIN_LOCKED', 'KEYCHAIN_UNAVAILABLE', 'PASSPHRASE_NEEDED', 'PASSPHRASE_WRONG']],
    ['Refused', ['ACCESS_DENIED', 'BAD_CREDENTIALS', 'CREDENTIALS_EXPIRED', 'KMS_DENIED']],
    ['No credentials', ['CREDENTIALS_MISSING']],
    ['Not reachable', ['NETWORK', 'TLS', 'SERVER', 'LOCAL_SERVER']],
  ] as const)('is %s', (state, codes) => {
    for (const code of codes) expect(stateOf({ code })).toBe(state)
  })
})
