import { isSame, type Case } from './cases.ts'
import type { Subject } from './subjects.ts'

/** The body: cut, extended, flipped, in another order, another object's. */
export function bodyCases({ sealed, sibling, stranger, cbc }: Subject): Case[] {
  const { body } = sealed
  const { length } = body
  const change = (group: string, what: string, changed: Buffer, structural = false): Case => {
    return { group, what, sealed: { ...sealed, body: changed }, structural }
  }
  const cuts = [
    0,
    1,
    15,
    16,
    17,
    31,
    32,
    33,
    length >> 1,
    length - 32,
    length - 17,
    length - 16,
    length - 15,
    length - 1,
  ]
  const places = {
    first: 0,
    second: 1,
    middle: length >> 1,
    'last of the text': length - 17,
    'tag, first': length - 16,
  }
  const lying = Object.entries({ ...places, 'tag, last': length - 1 }).filter(([, at]) => at >= 0)
  const extended = [Buffer.of(0), Buffer.alloc(16), body].map((more) => Buffer.concat([body, more]))
  const cases = [
    ...cuts
      .filter((end) => end >= 0 && end < length)
      .map((end) =>
        change('the body cut', `at ${String(end)}`, body.subarray(0, end), end === 0 || (cbc && end % 16 !== 0)),
      ),
    ...cuts
      .filter((from) => from > 0 && from < length)
      .map((from) =>
        change('the body cut', `its first ${String(from)} bytes`, body.subarray(from), cbc && from % 16 !== 0),
      ),
    ...extended.map((longer, at) => change('the body extended', `${String(longer.length)} bytes`, longer, at === 0)),
    change('the body extended', 'a byte before it', Buffer.concat([Buffer.of(0), body]), true),
    ...lying.flatMap(([what, at]) =>
      [1, 0x80, 0xff].map((bits) => change('a bit of the body', what, flipped(body, at, bits))),
    ),
    change('blocks in another order', 'the first two', swapped(body, 0, 16)),
    change('blocks in another order', 'the last of the text and the tag', swapped(body, length - 32, length - 16)),
    change("another object's body", "a sibling's", sibling.body),
    change("another object's body", "a stranger's", stranger.body),
    change("another object's body", 'all zero', Buffer.alloc(length)),
    change("another object's tag", "a sibling's", Buffer.concat([body.subarray(0, -16), sibling.body.subarray(-16)])),
  ]
  return cases.filter((one) => !isSame(one.sealed, sealed))
}

export function flipped(bytes: Buffer, at: number, bits = 1): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ bits
  return copy
}

function swapped(bytes: Buffer, one: number, other: number): Buffer {
  if (one < 0 || other + 16 > bytes.length) return bytes
  const copy = Buffer.from(bytes)
  bytes.copy(copy, one, other, other + 16)
  bytes.copy(copy, other, one, one + 16)
  return copy
}
