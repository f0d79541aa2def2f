import type { Command } from 'commander'
import { describe, expect, it, onTestFinished, test, vi } from 'vitest'
import { getRequest } from '../../../electron/cli/get.ts'
import type { GetFlags } from '../../../electron/cli/get.ts'
import { createProgram } from '../../../electron/cli/program.ts'
import { putRequest } from '../../../electron/cli/put.ts'

/** Reads a command line as far as its command, and returns what that would be given. */
async function read(line: string): Promise<{ args: unknown[]; flags: object }> {
  const words = line.split(' ')
  const program = createProgram()
  let command: Command | undefined = program
  for (const word of words) command = command.commands.find((known) => known.name() === word) ?? command
  let seen: unknown[] = []
  command.action((...given: unknown[]) => {
    seen = given.slice(0, -2)
  })
  await program.parseAsync(['node', 'coffer', ...words])
  return { args: seen, flags: command.optsWithGlobals() }
}

async function readPut(line: string): Promise<ReturnType<typeof putRequest>> {
  const { args, flags } = await read(line)
  return putRequest(args[0] as string[], flags)
}

describe('coffer put', () => {
  it('becomes a request', async () => {
    expect(await readPut('put a.txt s3://bucket/notes/ --mode sse-s3')).toEqual({
      bucket: 'bucket',
      key: 'notes/',
      paths: ['a.txt'],
      mode: 'sse-s3',
      options: {},
      overwrite: 'refuse',
      concurrency: undefined,
    })
  })

  it('takes several paths, and every choice of a mode', async () => {
    const line =
      'put a b s3://bucket --mode sse-kms --key alias/x --context a=1 --context b=2=3 --bucket-key --dsse ' +
      '--overwrite --no-kit --concurrency 3'
    expect(await readPut(line)).toEqual({
      bucket: 'bucket',
      key: '',
      paths: ['a', 'b'],
      mode: 'sse-kms',
      options: { key: 'alias/x', encryptionContext: { a: '1', b: '2=3' }, bucketKey: true, dsse: true },
      overwrite: 'replace',
      concurrency: 3,
    })
  })

  it('takes the format of the envelope', async () => {
    expect((await readPut('put a s3://b --mode cse-c --key k --format v2')).options).toMatchObject({ format: 'v2' })
  })

  it('leaves the mode open when none is named', async () => {
    expect((await readPut('put a s3://bucket')).mode).toBeUndefined()
  })

  it.each([
    'put a s3://bucket --mode rot13',
    'put a s3://bucket --format v1',
    'put a s3://bucket --context novalue',
    'put a s3://bucket --concurrency 0',
    'put a s3://bucket --concurrency many',
    'put a s3://bucket --no-such-option',
    'put',
    'putt a s3://bucket',
    'kms rotate key --every 3',
    'kms schedule-deletion key --days 3',
    'rekey s3://b/k',
  ])('refuses %j as a usage error', async (line) => {
    const words = line.split(' ')
    const program = createProgram()
    await expect(program.parseAsync(['node', 'coffer', ...words])).rejects.toMatchObject({ name: 'CommanderError' })
  })
})

describe('coffer get', () => {
  it('becomes a request', async () => {
    const { args, flags } = await read('get s3://bucket/k out/ --key mine --version-id v7 --allow-legacy --overwrite')
    const [source, to] = args as [string, string]
    expect(getRequest(source, to, flags as GetFlags)).toEqual({
      bucket: 'bucket',
      key: 'k',
      to: 'out/',
      versionId: 'v7',
      options: { key: 'mine', encryptionContext: undefined, allowLegacy: true },
      overwrite: 'replace',
      concurrency: undefined,
    })
  })
})

describe('global options', () => {
  it('are understood before and after the command', async () => {
    const before = await read('--json --place nas --region eu-west-1 ls s3://bucket')
    const after = await read('ls s3://bucket --json --place nas --region eu-west-1')
    expect(before.flags).toEqual(after.flags)
    expect(after.flags).toMatchObject({ json: true, place: 'nas', region: 'eu-west-1' })
  })
})

test('a search does not claim to show instruction files', async () => {
  const words = ['ls', 's3://b/', '--search', 'a', '--instruction-files']
  await expect(createProgram().parseAsync(['node', 'coffer', ...words])).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  })
})

test('an empty --home is refused, and an empty COFFER_HOME is none', async () => {
  const program = createProgram()
  await expect(program.parseAsync(['node', 'coffer', 'ls', '--home', ''])).rejects.toMatchObject({
    name: 'CommanderError',
  })
  vi.stubEnv('COFFER_HOME', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { flags } = await read('ls')
  expect(flags).not.toHaveProperty('home')
})

describe('help', () => {
  it('every command says what it does, and names no command that is not there', () => {
    const program = createProgram()
    const names = new Set(program.commands.map((command) => command.name()))
    const texts: string[] = []
    const visit = (command: Command): void => {
      command.configureOutput({ writeOut: (text) => texts.push(text) })
      command.outputHelp()
      expect(command.description(), command.name()).not.toBe('')
      for (const child of command.commands) visit(child)
    }
    visit(program)
    const named = texts.join('').matchAll(/^ {2}coffer ([a-z]+)/gm)
    expect([...named].map(([, name]) => name).filter((name) => name !== undefined && !names.has(name))).toEqual([])
  })
})
