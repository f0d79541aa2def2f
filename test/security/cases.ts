import { OLD, V3 } from '../../electron/envelope/names.ts'
import type { Sealed } from './lab.ts'
import { fieldsOf, randomBase64, withField, withFields, type Subject } from './subjects.ts'

/** One way to tamper with an object. */
export interface Case {
  group: string
  what: string
  sealed: Sealed
  /** It may also be read as it was: what was changed protects nothing. */
  harmless?: boolean
  /** What is wrong shows in the envelope or in the length, before any content: CBC has to refuse it as well. */
  structural?: boolean
}

const BASE64_FIELDS: string[] = [V3.key, V3.commitment, V3.messageId, OLD.keyV1, OLD.keyV2, OLD.iv]
const DESCRIPTIONS: string[] = [V3.description, OLD.description]

/** Every field alone: taken away, emptied, another object's, wrong base64, too long, one character changed. */
export function fieldCases(subject: Subject): Case[] {
  const { sealed, sibling, stranger } = subject
  const fields = Object.entries(fieldsOf(sealed))
  const cases = fields.flatMap(([name, value]): Case[] => {
    // Under a key of the customer's, the description is a hint at the key, and the key proves itself.
    const harmless = DESCRIPTIONS.includes(name) && (subject.wrap !== 'kms' || name === V3.description)
    const change = (group: string, what: string, text: string | undefined, structural = false): Case => {
      return { group, what: `${name} ${what}`, sealed: withField(sealed, name, text), harmless, structural }
    }
    return [
      change('a field taken away', 'taken away', undefined, true),
      change('a field emptied', 'emptied', '', true),
      change("another object's field, same key", "a sibling's", fieldsOf(sibling)[name]),
      change("another object's field, other key", "a stranger's", fieldsOf(stranger)[name]),
      ...textChanges(value).map(([what, text]) => change('a field with other characters', what, text)),
      ...oversized(value).map(([what, text]) =>
        change('a field too long', what, text, !name.includes('key') && name !== V3.key),
      ),
      ...(BASE64_FIELDS.includes(name)
        ? wrongBase64(value).map(([what, text]) => change('wrong base64', what, text, what !== 'all zero'))
        : []),
    ]
  })
  return cases.filter((one) => !isSame(one.sealed, sealed))
}

function textChanges(value: string): [string, string][] {
  const places = new Set([0, value.length >> 1, value.length - 2, value.length - 1].filter((at) => at >= 0))
  return [...places].map((at) => [
    `with another character at ${String(at)}`,
    value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1),
  ])
}

function oversized(value: string): [string, string][] {
  return [
    ['twice', value + value],
    ['with 400 characters more', `${value}${'A'.repeat(400)}`],
  ]
}

function wrongBase64(value: string): [string, string][] {
  const bytes = Buffer.from(value, 'base64')
  const middle = value.length >> 1
  return [
    ['in the URL alphabet', bytes.toString('base64url').replace(/^./, '-')],
    ['without its padding', value.endsWith('=') ? value.replaceAll('=', '') : value.slice(0, -1)],
    ['with padding too much', `${value}====`],
    ['with a space in it', `${value.slice(0, middle)} ${value.slice(middle)}`],
    ['in hex', bytes.toString('hex')],
    ['a byte short', bytes.subarray(1).toString('base64')],
    ['all zero', Buffer.alloc(bytes.length).toString('base64')],
  ]
}

/** Every subset of the envelope's fields taken away, but the empty one. */
export function subsetCases({ sealed, wrap }: Subject): Case[] {
  const fields = fieldsOf(sealed)
  const names = Object.keys(fields)
  return Array.from({ length: 2 ** names.length - 1 }, (_, index) => {
    const gone = names.filter((_name, bit) => ((index + 1) & (1 << bit)) !== 0)
    const changed = gone.reduce((left, name) => withField(left, name, undefined), sealed)
    const harmless = gone.every((name) => DESCRIPTIONS.includes(name)) && wrap !== 'kms'
    return { group: 'fields taken away together', what: gone.join(', '), sealed: changed, harmless, structural: true }
  })
}

/** Values that make another, weaker or unknown algorithm of it. */
export function valueCases({ sealed, wrap }: Subject): Case[] {
  const values: Record<string, string[]> = {
    [V3.cipher]: ['112', '113', '114', '116', '0115', '73', '0x0073', '-115', '115.0', 'AES/GCM/NoPadding'],
    [V3.wrap]: ['01', '02', '11', '12', '21', '22', '2', 'AES/GCM', '__proto__'],
    [OLD.cipher]: [
      'AES/CTR/NoPadding',
      'AES/CBC/PKCS5Padding',
      'AES/CBC/PKCS7Padding',
      'AES/CBC/NoPadding',
      '115',
    ].concat(['aes/gcm/nopadding', 'AES/ECB/NoPadding', 'AES/GCM/NoPadding', 'AES']),
    [OLD.wrap]: ['AES/GCM', 'RSA-OAEP-SHA1', 'kms+context', 'kms', 'AESWrap', 'RSA', 'AES', '02', '__proto__'].concat([
      'RSA/ECB/OAEPWithSHA-256AndMGF1Padding',
    ]),
    [OLD.tagLength]: ['0', '32', '64', '96', '120', '127', '129', '0128', '128.0', '1e2'],
  }
  const here = fieldsOf(sealed)
  const cases = Object.entries(values).flatMap(([name, texts]) =>
    texts
      .filter((text) => here[name] !== undefined && here[name] !== text)
      .map((text): Case => {
        const changed = withField(sealed, name, text)
        return { group: 'an algorithm named otherwise', what: `${name} is ${text}`, sealed: changed }
      }),
  )
  return wrap === 'kms' ? [...cases, ...contextCases(sealed)] : cases
}

function contextCases(sealed: Sealed): Case[] {
  const name = Object.keys(fieldsOf(sealed)).find((one) => one === V3.context || one === OLD.description) ?? V3.context
  const context = JSON.parse(fieldsOf(sealed)[name] ?? '{}') as Record<string, string>
  const first = Object.keys(context)[0] ?? ''
  const change = (what: string, text: string, harmless = false): Case => {
    return { group: 'the encryption context', what, sealed: withField(sealed, name, text), harmless }
  }
  const reserved = 'aws:x-amz-cek-alg'
  return [
    change('a pair more', JSON.stringify({ ...context, more: 'x' })),
    change('another value', JSON.stringify({ ...context, [first]: 'x' })),
    change('empty', '{}'),
    change('no JSON', '{'),
    change('an array', '[]'),
    change('a number as value', JSON.stringify({ ...context, [first]: 1 })),
    change('a pair less', JSON.stringify({ ...context, [first]: undefined })),
    change(
      'another cipher',
      JSON.stringify({ ...context, [reserved]: context[reserved] === '115' ? 'AES/GCM/NoPadding' : '115' }),
    ),
    change('its pairs in another order', JSON.stringify(Object.fromEntries(Object.entries(context).reverse())), true),
    change('with white space', JSON.stringify(context, null, 1).replaceAll('\n', ' '), true),
  ].filter((one) => !isSame(one.sealed, sealed))
}

/** One format dressed up as another, stronger or weaker. */
export function formatCases(subject: Subject): Case[] {
  const { sealed, format } = subject
  const fields = fieldsOf(sealed)
  const disguise = (what: string, changed: Record<string, string>, body = sealed.body): Case => {
    return { group: 'a format as another', what, sealed: withFields({ ...sealed, body }, changed), structural: true }
  }
  const added = (what: string, more: Record<string, string>): Case => disguise(what, { ...fields, ...more })
  const stripped = [
    disguise('no envelope at all', {}),
    disguise('no envelope, and plain text', {}, Buffer.from('words of the attacker')),
  ]
  return [...stripped, ...(format === 'v3' ? fromV3(subject, disguise, added) : fromOld(subject, disguise, added))]
}

type Disguise = (what: string, fields: Record<string, string>, body?: Buffer) => Case
type Added = (what: string, more: Record<string, string>) => Case

const V2_WRAPS = { aes: 'AES/GCM', rsa: 'RSA-OAEP-SHA1', kms: 'kms+context' }
const V3_WRAPS = { aes: '02', rsa: '22', kms: '12' }
const OLD_WRAPS = { aes: 'AESWrap', rsa: 'RSA/ECB/OAEPWithSHA-256AndMGF1Padding', kms: 'kms' }

function fromV3({ sealed, wrap }: Subject, disguise: Disguise, added: Added): Case[] {
  const fields = fieldsOf(sealed)
  const wrapped = fields[V3.key] ?? ''
  const description = fields[V3.context] ?? fields[V3.description] ?? '{}'
  const v2 = {
    [OLD.keyV2]: wrapped,
    [OLD.wrap]: V2_WRAPS[wrap],
    [OLD.cipher]: 'AES/GCM/NoPadding',
    [OLD.iv]: Buffer.alloc(12, 1).toString('base64'),
    [OLD.tagLength]: '128',
    [OLD.description]: description,
  }
  const cbc = { ...v2, [OLD.cipher]: 'AES/CBC/PKCS5Padding', [OLD.iv]: randomBase64(16) }
  const cbcWithoutTag = omit(cbc, OLD.tagLength)
  const bound = description.replace('"115"', '"AES/GCM/NoPadding"')
  return [
    disguise('V3 as V2', v2),
    disguise('V3 as V2, its context naming the other cipher', { ...v2, [OLD.description]: bound }),
    disguise('V3 as V2 in CTR', { ...v2, [OLD.cipher]: 'AES/CTR/NoPadding', [OLD.iv]: randomBase64(16) }),
    disguise('V3 as V2 in CBC', cbcWithoutTag, sealed.body.subarray(0, 992)),
    disguise('V3 as V2 in CBC with a legacy wrap', { ...cbcWithoutTag, [OLD.wrap]: OLD_WRAPS[wrap] }),
    disguise('V3 as V1', { [OLD.keyV1]: wrapped, [OLD.iv]: randomBase64(16), [OLD.description]: description }),
    added('V3 and V2 together', v2),
    ...Object.entries(v2).map(([name, value]) => added(`V3 with ${name}`, { [name]: value })),
    added('V3 with x-amz-key', { [OLD.keyV1]: wrapped }),
  ]
}

function fromOld({ sealed, wrap, format }: Subject, disguise: Disguise, added: Added): Case[] {
  const fields = fieldsOf(sealed)
  const wrapped = fields[OLD.keyV2] ?? fields[OLD.keyV1] ?? ''
  const description = fields[OLD.description] ?? '{}'
  const commitment = { [V3.commitment]: randomBase64(28), [V3.messageId]: randomBase64(28) }
  const v3 = { [V3.cipher]: '115', [V3.key]: wrapped, [V3.wrap]: V3_WRAPS[wrap], ...commitment }
  const context = wrap === 'kms' ? { [V3.context]: description } : {}
  const noTag = omit(fields, OLD.tagLength)
  const spoofs = [
    disguise('as V3, with a commitment of the attacker', { ...v3, ...context }),
    added('with x-amz-c', { [V3.cipher]: '115' }),
    added('with x-amz-c and x-amz-w', { [V3.cipher]: '115', [V3.wrap]: '12' }),
    added('with x-amz-c, x-amz-d and x-amz-i', { [V3.cipher]: '115', ...commitment }),
    added('and V3 together', { ...v3, ...context }),
  ]
  if (format === 'v1') return spoofs
  const iv = Buffer.from(fields[OLD.iv] ?? '', 'base64')
  const counter = Buffer.concat([iv.subarray(0, 12), Buffer.from([0, 0, 0, 2])]).toString('base64')
  const ctr: Record<string, string> = { ...fields, [OLD.cipher]: 'AES/CTR/NoPadding', [OLD.iv]: counter }
  const ctrNoTag: Record<string, string> = { ...noTag, [OLD.cipher]: 'AES/CTR/NoPadding', [OLD.iv]: counter }
  const withoutTag = sealed.body.subarray(0, -16)
  const old = { [OLD.keyV1]: wrapped, [OLD.iv]: randomBase64(16), [OLD.description]: description }
  const gcm = fields[OLD.cipher] === 'AES/GCM/NoPadding'
  const downgrades = [
    disguise('GCM as CTR', ctr, withoutTag),
    disguise('GCM as CTR without tag length', ctrNoTag, withoutTag),
    disguise('V2 as V1', old),
    disguise('V2 and V1 together', { ...fields, ...old }),
    ...(gcm
      ? [
          disguise('GCM as CBC, tag length left', {
            ...fields,
            [OLD.cipher]: 'AES/CBC/PKCS5Padding',
            [OLD.iv]: counter,
          }),
          disguise('GCM without tag length', noTag),
          disguise('GCM with the IV of its counter', { ...fields, [OLD.iv]: counter }),
        ]
      : []),
  ]
  return [...spoofs, ...downgrades]
}

/** Whole groups of fields that belong together, of another object's. */
export function envelopeCases({ sealed, sibling, stranger }: Subject): Case[] {
  const sets: string[][] = [
    [V3.key, V3.commitment],
    [V3.key, V3.messageId],
    [V3.key, V3.commitment, V3.messageId],
    [V3.commitment, V3.messageId],
    [OLD.keyV2, OLD.iv],
    [OLD.keyV1, OLD.iv],
  ]
  const from = (other: Sealed, whose: string, names: string[]): Case => {
    const theirs = fieldsOf(other)
    const changed = names.reduce((left, name) => withField(left, name, theirs[name]), sealed)
    return { group: "another object's envelope", what: `${names.join(', ')} of a ${whose}`, sealed: changed }
  }
  const own = fieldsOf(sealed)
  const fitting = sets.filter((names) => names.every((name) => own[name] !== undefined))
  return [...fitting, Object.keys(own)].flatMap((names) => [
    from(sibling, 'sibling', names),
    from(stranger, 'stranger', names),
  ])
}

/** What protects nothing, and may change. */
export function harmlessCases({ sealed }: Subject): Case[] {
  const change = (what: string, metadata: Record<string, string>): Case => {
    return {
      group: 'what protects nothing',
      what,
      sealed: { ...sealed, metadata: { ...sealed.metadata, ...metadata } },
      harmless: true,
    }
  }
  return [
    change('another date', { mtime: '1.5' }),
    change('a date that is none', { mtime: 'soon' }),
    change('other permissions', { mode: '104777' }),
    change('an unrelated name', { note: 'x' }),
    change('a name that only looks like one of ours', { 'x-amz-z': 'x' }),
    change('a plaintext length that is a lie', { 'x-amz-unencrypted-content-length': '7' }),
  ]
}

export function isSame(one: Sealed, other: Sealed): boolean {
  return (
    one.body.equals(other.body) &&
    JSON.stringify(one.metadata) === JSON.stringify(other.metadata) &&
    Buffer.from(one.instruction ?? []).equals(other.instruction ?? Buffer.alloc(0))
  )
}

function omit(fields: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([one]) => one !== name))
}
