import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { checkPaths, type PathGate } from '../../../electron/api/gate.ts'
import { contract } from '../../../electron/api/contract.ts'

/** Lets nothing through, and remembers what it was asked. */
function closedGate(): PathGate & { asked: string[] } {
  const asked: string[] = []
  const refuse = (way: string) => (path: string) => {
    asked.push(`${way} ${path}`)
    return false
  }
  return {
    asked,
    mayRead: refuse('read'),
    mayWrite: refuse('write'),
    mayBecomeSaveFolder: refuse('become'),
    mayOpenDataFolder: refuse('open'),
  }
}

describe('paths from a window', () => {
  it.each([
    ['transfers.put', { paths: ['/etc/passwd'] }, 'read /etc/passwd'],
    ['transfers.measure', { paths: ['/etc'] }, 'read /etc'],
    ['transfers.get', { to: '/etc/cron.d/x' }, 'write /etc/cron.d/x'],
    ['objects.put', { paths: ['stream:abc', '/etc/passwd'] }, 'read /etc/passwd'],
    ['objects.get', { to: 'x' }, 'write x'],
    ['keys.import', { from: { path: '/k' } }, 'read /k'],
    ['keys.restore', { from: { path: '/k' } }, 'read /k'],
    ['keys.restore', { from: { base64: 'AAAA' }, dataDir: '/d' }, 'open /d'],
    ['local.open', { dataDir: '/d' }, 'open /d'],
    ['keys.export', { path: '/k' }, 'write /k'],
    ['keys.kit', { path: '/k' }, 'write /k'],
    ['keys.kit', { sheet: '/s' }, 'write /s'],
    ['settings.set', { saveFolder: '/f' }, 'become /f'],
    ['places.add', { connection: { caBundle: '/ca' } }, 'read /ca'],
    ['buckets.list', { place: { caBundle: '/ca' } }, 'read /ca'],
  ])('%s is asked for at the gate, and refused', async (procedure, input, asked) => {
    const gate = closedGate()
    await expect(checkPaths(gate, procedure, input)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(gate.asked).toEqual([asked])
  })

  it.each([
    ['transfers.put', { paths: ['stream:abc-DEF_1'] }],
    ['keys.import', { from: { base64: 'AAAA' } }],
    ['keys.import', { from: { text: '/k' } }],
    ['settings.set', { theme: 'dark' }],
    ['keys.list', undefined],
    ['keys.list', {}],
    ['objects.list', { place: 'local' }],
  ])('%s without a path passes: %j', async (procedure, input) => {
    await checkPaths(closedGate(), procedure, input)
  })

  it.each([['transfers.get', { to: 'stream:abc' }]])(
    'only what is read can be a stream: %s',
    async (procedure, input) => {
      await expect(checkPaths(closedGate(), procedure, input)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    },
  )

  it('every procedure that takes a path asks at the gate', async () => {
    const withPaths = procedures().filter(({ fields }) =>
      fields.some((field) => PATH_FIELDS.includes(field.at(-1) ?? '')),
    )
    expect(withPaths.length).toBeGreaterThan(8)
    for (const { name, fields } of withPaths) {
      for (const field of fields.filter((steps) => PATH_FIELDS.includes(steps.at(-1) ?? ''))) {
        const gate = closedGate()
        await checkPaths(gate, name, nested(field, '/secret')).catch(() => undefined)
        expect(gate.asked, `${name}: ${field.join('.')}`).toHaveLength(1)
      }
    }
  })
})

/** How fields that hold paths of this machine are called in the contract. */
const PATH_FIELDS = ['path', 'paths', 'to', 'sheet', 'caBundle', 'saveFolder', 'file', 'folder', 'dir', 'dataDir']

/** `to` also says what an object is rekeyed to. */
const NO_PATHS = ['objects.rekey.to']

function nested(steps: string[], value: string): unknown {
  return steps.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value)
}

/** Every procedure, and the fields of its input by the way to them. */
function procedures(): { name: string; fields: string[][] }[] {
  return Object.entries(contract).flatMap(([room, members]) =>
    Object.entries(members).map(([member, procedure]) => {
      const name = `${room}.${member}`
      const schema = (procedure as { '~orpc': { inputSchema?: z.ZodType } })['~orpc'].inputSchema
      const json = schema === undefined ? {} : z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
      const fields = fieldsOf(json).filter((steps) => !NO_PATHS.includes([name, ...steps].join('.')))
      return { name, fields }
    }),
  )
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  anyOf?: JsonSchema[]
}

function fieldsOf(schema: unknown, above: string[] = []): string[][] {
  const { properties = {}, anyOf = [] } = schema as JsonSchema
  const own = Object.entries(properties).flatMap(([name, inner]) => {
    const way = [...above, name]
    return [way, ...fieldsOf(inner, way)]
  })
  const all = [...own, ...anyOf.flatMap((each) => fieldsOf(each, above))]
  return [...new Map(all.map((way) => [way.join('.'), way])).values()]
}
