import { V3 } from '../../electron/envelope/names.ts'
import type { Case } from './cases.ts'
import { fieldsOf, randomBase64, type Subject } from './subjects.ts'

/** An instruction file: gone, another object's, no file of its kind, with what does not belong there. */
export function instructionCases({ sealed, sibling, stranger }: Subject): Case[] {
  const own = JSON.parse(sealed.instruction?.toString() ?? '{}') as Record<string, string>
  const change = (what: string, instruction: string | Buffer | undefined): Case => {
    const bytes = instruction === undefined ? undefined : Buffer.from(instruction)
    return { group: 'the instruction file', what, sealed: { ...sealed, instruction: bytes }, structural: true }
  }
  const more = (what: string, fields: Record<string, unknown>): Case =>
    change(what, JSON.stringify({ ...own, ...fields }))
  const shouted = Object.fromEntries(Object.entries(own).map(([name, value]) => [name.toUpperCase(), value]))
  return [
    change('gone', undefined),
    change('empty', ''),
    change('no JSON', 'x-amz-3=abc'),
    change('cut in the middle', (sealed.instruction ?? Buffer.alloc(0)).subarray(0, 40)),
    change('an array', JSON.stringify(Object.entries(own))),
    change('a string', JSON.stringify(JSON.stringify(own))),
    change('null', 'null'),
    change('no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
    change('nothing in it', '{}'),
    change('only what is not ours', '{"note":"x"}'),
    change('nested', JSON.stringify({ envelope: own })),
    more('a value that is no string', { 'x-amz-m': { a: 'b' } }),
    more('a name twice in other case', shouted),
    more('x-amz-c in it', { [V3.cipher]: '115' }),
    more('x-amz-d in it', { [V3.commitment]: randomBase64(28) }),
    more('x-amz-i in it', { [V3.messageId]: randomBase64(28) }),
    more('c, d and i in it', {
      [V3.cipher]: '115',
      [V3.commitment]: randomBase64(28),
      [V3.messageId]: randomBase64(28),
    }),
    more('x-amz-key in it', { 'x-amz-key': randomBase64(48) }),
    change('huge', JSON.stringify({ ...own, note: 'x'.repeat(70_000) })),
    change('of 2 MiB', JSON.stringify({ ...own, note: 'x'.repeat(2 * 1024 * 1024) })),
    change("a sibling's", sibling.instruction),
    change("a stranger's", stranger.instruction),
    change('a whole V2 envelope', JSON.stringify(foreignV2())),
    change('a whole V1 envelope', JSON.stringify({ 'x-amz-key': randomBase64(48), 'x-amz-iv': randomBase64(16) })),
    change('a name twice, the second wrong', twice(own)),
  ]
}

/** A file beside an object that holds its whole envelope itself is not looked at. */
export function plantedCases(subject: Subject): Case[] {
  const plant = (what: string, instruction: string | Buffer): Case => {
    const changed = { ...subject.sealed, instruction: Buffer.from(instruction) }
    return { group: 'an instruction file planted', what, sealed: changed, harmless: true }
  }
  return [
    plant('no JSON', 'x'),
    plant("a stranger's envelope", JSON.stringify(fieldsOf(subject.stranger))),
    plant('a V2 envelope', JSON.stringify(foreignV2())),
    plant('of 2 MiB', Buffer.alloc(2 * 1024 * 1024)),
  ]
}

function foreignV2(): Record<string, string> {
  return {
    'x-amz-key-v2': randomBase64(60),
    'x-amz-iv': randomBase64(12),
    'x-amz-cek-alg': 'AES/GCM/NoPadding',
    'x-amz-wrap-alg': 'AES/GCM',
    'x-amz-tag-len': '128',
    'x-amz-matdesc': '{}',
  }
}

/** JSON lets a name come twice; parsers take the last. */
function twice(own: Record<string, string>): string {
  const [name = '', value = ''] =
    Object.entries(own).find(([one]) => one === V3.key || one.startsWith('x-amz-key')) ?? []
  const wrong = Buffer.from(value, 'base64').fill(7).toString('base64')
  return `${JSON.stringify(own).slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(wrong)}}`
}
