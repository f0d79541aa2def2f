import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FAILURES, type ErrorCode } from '../../../../electron/base/errors.ts'
import { explain, noticeText } from '../../../../renderer/words/failures.ts'
import { stateOf } from '../../../../renderer/words/states.ts'

/** What only a person at a command line can use. */
const COMMAND_LINE = /(?:^|[\s(])--\w|\bcoffer [a-z]|\baws [a-z]|\b(?:COFFER|AWS)_[A-Z]/

const explained = (code: ErrorCode, hint: string): string =>
  explain({ code, message: 'It failed.', hint, facts: {} }).next

/** The source of every file of the core. */
function sourcesOfCore(): string[] {
  const core = join(import.meta.dirname, '../../../../electron')
  return readdirSync(core, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/^(?:cli|localcloud)/.test(name))
    .map((name) => readFileSync(join(core, name), 'utf8'))
}

/** The text of every `hint:` in the core, with the codes that its file throws. */
function hintsOfCore(): { codes: ErrorCode[]; hint: string }[] {
  return sourcesOfCore().flatMap((text) => {
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

describe('what is shown as it is', () => {
  it('names no command or option: messages of failures, and words for options', () => {
    const texts = sourcesOfCore().flatMap((text) => [
      ...[...text.matchAll(/CofferError\(\s*'[A-Z_]+',\s*(['"`])(.+?)\1/g)].map(([, , message = '']) => message),
      ...[...(/const WORDS[^{]*\{([^}]*)\}/.exec(text)?.[1] ?? '').matchAll(/'(.+?)'/g)].map(([, word = '']) => word),
    ])
    expect(texts.length).toBeGreaterThan(200)
    expect(texts.filter((text) => COMMAND_LINE.test(text))).toEqual([])
  })

  it('keeps of a notice what holds in a window', () => {
    expect(noticeText('Waiting for this system’s keychain: unlock it. Ctrl-C gives up.')).toBe(
      'Waiting for this system’s keychain: unlock it.',
    )
    expect(
      noticeText('It was lost. A copy of 2026-11-30 22:15 UTC is there. To put it back: coffer database restore.'),
    ).toBe('It was lost. A copy of 2026-11-30 22:15 UTC is there. It can be put back in a terminal.')
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
