import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCofferError } from '../../../electron/base/errors.ts'
import type { CofferError } from '../../../electron/base/errors.ts'
import { JsonSyntaxError, lineAndColumn, readJson } from '../../../electron/cloud/kms/json-places.ts'
import { parseKeyPolicy, statementsOf } from '../../../electron/cloud/kms/policy-document.ts'
import type { KeyPolicy, Statement } from '../../../electron/cloud/kms/policy-document.ts'
import { actionsOf, editPolicy, principalArn } from '../../../electron/cloud/kms/policy-edit.ts'
import { judge, rootOf } from '../../../electron/cloud/kms/policy-judge.ts'

const ACCOUNT = '111122223333'
const KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const ANN = `arn:aws:iam::${ACCOUNT}:user/ann`
const BOB = `arn:aws:iam::${ACCOUNT}:user/bob`
const STRANGER = 'arn:aws:iam::444455556666:user/ann'

const owner: Statement = { Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' }
const policy = (...Statement: Statement[]): KeyPolicy => ({ Version: '2012-10-17', Statement })
const allow = (AWS: string | string[], Action: string | string[] = 'kms:*'): Statement => ({
  Effect: 'Allow',
  Principal: { AWS },
  Action,
  Resource: '*',
})
const deny = (AWS: string | string[], Action: string | string[] = 'kms:*'): Statement => ({
  ...allow(AWS, Action),
  Effect: 'Deny',
})
const control = (document: KeyPolicy, arn: string): string => judge(document, { arn }, 'kms:PutKeyPolicy', KEY)

describe('who could change a policy again', () => {
  it.each<[string, KeyPolicy, string, string]>([
    ['the account is named: everyone in it whom IAM allows', policy(owner), ANN, 'allowed'],
    ['the account is named by its number', policy(allow(ACCOUNT)), ANN, 'allowed'],
    ['another account is not', policy(owner), STRANGER, 'denied'],
    ['the caller is named', policy(allow([BOB, ANN])), ANN, 'allowed'],
    ['only another is named', policy(allow(BOB)), ANN, 'denied'],
    ['the root is not whom the account names', policy(allow(BOB)), ROOT, 'denied'],
    ['everyone, as a word', policy({ ...owner, Principal: '*' }), STRANGER, 'allowed'],
    ['everyone, as an AWS principal', policy(allow('*')), STRANGER, 'allowed'],
    ['only a service', policy({ ...owner, Principal: { Service: 's3.amazonaws.com' } }), ANN, 'denied'],
    ['the action is another', policy(allow(ANN, ['kms:Decrypt', 'kms:Get*'])), ANN, 'denied'],
    ['the action by wildcard, whatever its case', policy(allow(ANN, 'KMS:put?eyPolicy')), ANN, 'allowed'],
    ['all actions but this', policy({ ...allow(ANN), Action: undefined, NotAction: 'kms:Put*' }), ANN, 'denied'],
    ['all actions but another', policy({ ...allow(ANN), Action: undefined, NotAction: 'kms:Decrypt' }), ANN, 'allowed'],
    ['this key by its ARN', policy({ ...allow(ANN), Resource: KEY }), ANN, 'allowed'],
    ['another key by its ARN', policy({ ...allow(ANN), Resource: `${KEY}0` }), ANN, 'denied'],
    ['a denial outweighs', policy(owner, deny(ANN)), ANN, 'denied'],
    ['a denial of another does not', policy(owner, deny(BOB)), ANN, 'allowed'],
    ['a denial of the account', policy(allow(ANN), deny(ROOT)), ANN, 'denied'],
    ['a denial of another action does not', policy(owner, deny(ANN, 'kms:Decrypt')), ANN, 'allowed'],
    [
      'a denial of everyone but the caller',
      policy(owner, { ...deny(ANN), Principal: undefined, NotPrincipal: { AWS: ANN } }),
      ANN,
      'allowed',
    ],
    [
      'a denial of everyone but another',
      policy(owner, { ...deny(ANN), Principal: undefined, NotPrincipal: { AWS: BOB } }),
      ANN,
      'denied',
    ],
    [
      'a denial of everyone but the root, which stands for nobody else there',
      policy(owner, { ...deny(ANN), Principal: undefined, NotPrincipal: { AWS: ROOT } }),
      ANN,
      'denied',
    ],
    ['only under a condition', policy({ ...allow(ANN), Condition: { Bool: { a: 'true' } } }), ANN, 'depends'],
    ['a denial under a condition', policy(owner, { ...deny(ANN), Condition: { Bool: { a: true } } }), ANN, 'depends'],
    ['an empty condition is none', policy({ ...allow(ANN), Condition: {} }), ANN, 'allowed'],
  ])('%s', (_name, document, caller, verdict) => {
    expect(control(document, caller)).toBe(verdict)
  })

  it("a session is its role's, whatever path the role has", () => {
    const session = `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/ann@example.com`
    expect(control(policy(allow(`arn:aws:iam::${ACCOUNT}:role/Admin`)), session)).toBe('allowed')
    expect(control(policy(allow(`arn:aws:iam::${ACCOUNT}:role/aws-reserved/sso/Admin`)), session)).toBe('allowed')
    expect(control(policy(allow(`arn:aws:iam::${ACCOUNT}:role/Administrator`)), session)).toBe('denied')
    expect(control(policy(allow('arn:aws:iam::444455556666:role/Admin')), session)).toBe('denied')
    expect(control(policy(owner), session)).toBe('allowed')
  })

  it("the account's root is in the key's partition", () => {
    expect(rootOf('arn:aws-cn:kms:cn-north-1:111122223333:key/x')).toBe('arn:aws-cn:iam::111122223333:root')
  })
})

describe('what is wrong with a policy, and where', () => {
  const failure = (text: string): CofferError => {
    try {
      parseKeyPolicy(text)
    } catch (error) {
      if (isCofferError(error)) return error
      throw error
    }
    throw new Error('it was taken')
  }

  it.each<[string, string, number, number, RegExp]>([
    ['a missing comma', '{\n  "Version": "2012-10-17"\n  "Statement": []\n}', 3, 3, /, or } is expected/],
    ['nothing at all', '  ', 1, 3, /ends here too early/],
    ['an end that is missing', '{\n  "Statement": [', 2, 17, /ends here too early/],
    ['a name without quotes', '{ Version: 1 }', 1, 3, /name in double quotes/],
    ['a comma too many', '{"Id": "a",}', 1, 12, /name in double quotes/],
    ['a line break in a string', '{"Id": "a\nb"}', 1, 10, /cannot stand in a string/],
    ['a word that is no value', '{"Id":\n yes}', 2, 2, /a value is expected/],
    ['something after the end', '{"Id": "a"}\n}', 2, 1, /nothing is expected/],
    ['a name that is there twice', '{"Id": "a",\n "Id": "b"}', 2, 2, /“Id” is here twice/],
    ['a list instead of a policy', '[]', 1, 1, /expected object/],
    ['no statement', '{"Version": "2012-10-17"}', 1, 1, /Statement: /],
    ['an effect that is none', '{"Statement": [\n  {"Effect": "allow"}]}', 2, 14, /Statement 1, Effect: /],
    [
      'a name that policies do not have',
      '{"Statement": {"Effect": "Allow",\n "Principle": "*", "Action": "kms:*", "Resource": "*"}}',
      1,
      15,
      /Principle/,
    ],
    [
      'a statement without an action, the second',
      `{"Statement": [${JSON.stringify(owner)},\n{"Effect": "Allow", "Principal": "*", "Resource": "*"}]}`,
      2,
      1,
      /Statement 2: a statement needs Action/,
    ],
    [
      'both of what exclude each other',
      `{"Statement": ${JSON.stringify({ ...owner, NotAction: 'kms:Put*' })}}`,
      1,
      15,
      /Action and NotAction exclude/,
    ],
    [
      'a principal that is a number',
      '{"Statement": [{"Effect": "Allow", "Principal": {"AWS":\n [1]}, "Action": "kms:*", "Resource": "*"}]}',
      2,
      3,
      /Statement 1, Principal, AWS, 1: /,
    ],
  ])('%s', (_name, text, line, column, what) => {
    const { code, message, facts } = failure(text)
    expect(code).toBe('INVALID_INPUT')
    expect(message).toMatch(what)
    expect(message).toContain(`line ${line}, column ${column}:`)
    expect(facts).toEqual({ line: String(line), column: String(column) })
  })

  it('one that is larger than KMS takes', () => {
    expect(failure(JSON.stringify({ Id: 'x'.repeat(32_768), Statement: owner })).message).toMatch(/32 KB/)
  })

  it('nesting without end is refused, not followed', () => {
    expect(failure('['.repeat(30_000)).message).toMatch(/nested too deeply/)
  })

  it('JSON is read as the engine reads it, whatever it holds', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 2, '\t'), (text, space) => {
        const printed = JSON.stringify(JSON.parse(text), null, space)
        expect(readJson(printed).value).toEqual(JSON.parse(printed))
      }),
    )
  })

  it('what the engine refuses is refused, at a place in the text', () => {
    const near = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom('', ',', '"', '{', ']', '\\', '0', 'x', '\u0001', ' '))
      .map(([text, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1))
    fc.assert(
      fc.property(near, (text) => {
        const parsed = attempt(() => JSON.parse(text) as unknown)
        const read = attempt(() => readJson(text).value)
        if (parsed.ok && !read.ok) expect(String(read.error)).toMatch(/is here twice/)
        else expect(read.ok).toBe(parsed.ok)
        if (!(!read.ok && read.error instanceof JsonSyntaxError)) return
        expect(read.error.offset).toBeLessThanOrEqual(text.length)
        expect(lineAndColumn(text, read.error.offset).column).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })
})

function attempt<T>(work: () => T): { ok: true; value: T } | { ok: false; error: unknown } {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    return { ok: false, error }
  }
}

describe('changing a policy for one principal', () => {
  const use = ['kms:Decrypt']

  it('adds a statement, and a second principal to the one that says the same', () => {
    const once = editPolicy(policy(owner), { change: 'allow', principal: ANN, actions: use })
    expect(once && statementsOf(once)).toEqual([
      owner,
      { Effect: 'Allow', Principal: { AWS: ANN }, Action: 'kms:Decrypt', Resource: '*' },
    ])
    const twice = once && editPolicy(once, { change: 'allow', principal: BOB, actions: use })
    expect(twice && statementsOf(twice)[1]?.Principal).toEqual({ AWS: [ANN, BOB] })
  })

  it('changes nothing that says so already', () => {
    expect(editPolicy(policy(owner, allow(ANN, use)), { change: 'allow', principal: ANN, actions: use })).toBeNull()
    expect(editPolicy(policy(owner), { change: 'remove', principal: ANN, actions: [] })).toBeNull()
  })

  it('never widens a statement that has a condition, or means everyone', () => {
    const guarded = { ...allow(BOB, use), Condition: { Bool: { a: 'true' } } }
    const open = allow('*', use)
    const after = editPolicy(policy(guarded, open), { change: 'allow', principal: ANN, actions: use })
    expect(after && statementsOf(after)).toEqual([guarded, open, allow(ANN, 'kms:Decrypt')])
  })

  it('a denial is a statement of its own, and outweighs', () => {
    const after = editPolicy(policy(owner, allow(ANN, use)), { change: 'deny', principal: ANN, actions: use })
    expect(after && judge(after, { arn: ANN }, 'kms:Decrypt', KEY)).toBe('denied')
  })

  it('takes a principal out everywhere, and statements that are left without one', () => {
    const before = policy(owner, allow([ANN, BOB], use), deny(ANN), { ...allow(ANN), Principal: '*' })
    const after = editPolicy(before, { change: 'remove', principal: ANN, actions: [] })
    expect(after && statementsOf(after)).toEqual([owner, allow(BOB, use), { ...allow(ANN), Principal: '*' }])
  })

  it('leaves no key without a statement', () => {
    expect(() => editPolicy(policy(owner), { change: 'remove', principal: ROOT, actions: [] })).toThrow(/Nothing/)
  })

  it('knows the words for actions, and takes actions themselves', () => {
    expect(actionsOf('allow', ['Decrypt', 'kms:Sign*'])).toEqual(['kms:Decrypt', 'kms:Sign*'])
    expect(actionsOf('deny', undefined)).toContain('kms:GenerateDataKey*')
    expect(() => actionsOf('allow', ['s3:GetObject'])).toThrow(/no action of KMS/)
    expect(() => actionsOf('allow', ['constructor'])).toThrow(/no action of KMS/)
  })

  it.each([
    ['ann', ANN],
    ['444455556666', 'arn:aws:iam::444455556666:root'],
    [STRANGER, STRANGER],
  ])('the principal %s is %s', (text, arn) => {
    expect(principalArn(text, KEY)).toBe(arn)
  })

  it.each(['*', '', 'a b', 'arn:aws:s3:::bucket'])('“%s” is no principal', (text) => {
    expect(() => principalArn(text, KEY)).toThrow(/names no principal/)
  })
})
