import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { journeyLines } from '../../../electron/cli/journey.ts'
import { createOutput, listing, pairs, table } from '../../../electron/cli/output.ts'
import type { Output } from '../../../electron/cli/output.ts'
import { createProgress, progressText } from '../../../electron/cli/progress.ts'

function capture(json: boolean, tty = false): { out: Output; stdout: () => string; stderr: () => string } {
  const stdout = Object.assign(new PassThrough(), { isTTY: tty })
  const stderr = Object.assign(new PassThrough(), { isTTY: tty, columns: 40 })
  const read = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString()
  return { out: createOutput(json, { stdout, stderr }), stdout: () => read(stdout), stderr: () => read(stderr) }
}

const failure = { code: 'KEY_NOT_FOUND', message: 'There is no key mine.', hint: 'Import it.' }

describe('output', () => {
  it('a failure is calm words on standard error, then the hint', () => {
    const { out, stdout, stderr } = capture(false)
    out.failure(failure)
    expect(stderr()).toBe('coffer: There is no key mine.\n  Import it.\n')
    expect(stdout()).toBe('')
  })

  it('a failure with --json is one line of {error: {code, message, hint}}', () => {
    const { out, stdout, stderr } = capture(true)
    out.failure(failure)
    expect(JSON.parse(stderr())).toEqual({ error: failure })
    expect(stdout()).toBe('')
  })

  it('a failure that a server gave has its own words with --json, and nothing else of the facts', () => {
    const { out, stderr } = capture(true)
    const said = { status: '403', awsCode: 'AccessDenied', serverMessage: 'Storage cap exceeded.', requestId: 'R1' }
    out.failure({ ...failure, facts: { ...said, operation: 'PutObject', bucket: 'b' } })
    const server = { status: 403, code: 'AccessDenied', message: 'Storage cap exceeded.', requestId: 'R1' }
    expect(JSON.parse(stderr())).toEqual({ error: { ...failure, server } })
  })

  it('a failure of one object says which', () => {
    const text = capture(false)
    text.out.failure(failure, { bucket: 'b', key: 'k' })
    expect(text.stderr()).toContain('coffer: s3://b/k: There is no key mine.')
    const json = capture(true)
    json.out.failure(failure, { bucket: 'b', key: 'k' })
    expect(JSON.parse(json.stderr())).toEqual({ bucket: 'b', key: 'k', error: failure })
  })

  it('results with --json are one document a line on standard output, and notes are silent', () => {
    const { out, stdout, stderr } = capture(true)
    out.result({ a: 1 }, 'one')
    out.note('by the way')
    out.result({ a: 2, at: new Date(0) }, ['two', 'lines'])
    expect(stdout()).toBe('{"a":1}\n{"a":2,"at":"1970-01-01T00:00:00.000Z"}\n')
    expect(stderr()).toBe('')
  })

  it('a status is drawn on a terminal only, fits its width, and gives way to results', () => {
    const pipe = capture(false)
    pipe.out.status('half way')
    expect(pipe.stderr()).toBe('')

    const terminal = capture(false, true)
    terminal.out.status('x'.repeat(100))
    expect(terminal.stderr()).toBe(`\r\x1b[2K${'x'.repeat(39)}`)
    terminal.out.result({}, 'done')
    expect(terminal.stderr()).toBe('\r\x1b[2K')
    expect(terminal.stdout()).toBe('done\n')
  })

  it('a name with control characters cannot command the terminal', () => {
    const { out, stdout } = capture(false)
    out.result({}, 'evil\x1b[2J')
    expect(stdout()).toBe('evil\\x1b[2J\n')
  })

  it('columns align, and the last one is ragged', () => {
    expect(
      table(
        ['NAME', 'ID'],
        [
          ['a', '1'],
          ['longer', '22'],
        ],
      ),
    ).toEqual(['NAME    ID', 'a       1', 'longer  22'])
  })

  it('a list has its header for a person only', () => {
    const items = [{ id: 1 }]
    const columns = { ID: ({ id }: { id: number }) => String(id) }
    const text = capture(false)
    listing(text.out, items, columns, 'none')
    expect(text.stdout()).toBe('ID\n1\n')
    const json = capture(true)
    listing(json.out, items, columns, 'none')
    expect(json.stdout()).toBe('{"id":1}\n')
    const empty = capture(false)
    listing(empty.out, [], columns, 'none')
    expect([empty.stdout(), empty.stderr()]).toEqual(['', 'none\n'])
  })

  it('pairs without a value are left out', () => {
    expect(pairs({ Mode: 'SSE-S3', Key: undefined, Format: 'v3' })).toEqual(['  Mode    SSE-S3', '  Format  v3'])
  })

  it('a journey is numbered, and each step has its facts below it', () => {
    const lines = journeyLines([
      {
        actor: 'kms',
        act: 'issue-data-key',
        text: 'KMS issues a data key.',
        facts: { key: 'alias/a' },
        evidence: 'seen',
      },
      { actor: 's3', act: 'encrypt', text: 'S3 encrypts it.', facts: {}, evidence: 'reported' },
    ])
    expect(lines).toEqual(['  1. KMS issues a data key.', '       key: alias/a', '  2. S3 encrypts it.'])
  })
})

describe('progress', () => {
  it('tells files, bytes, rate and the time left', () => {
    const MIB = 1024 * 1024
    expect(progressText({ finishedFiles: 1, files: 3, done: 5 * MIB, bytes: 25 * MIB, rate: 2 * MIB })).toBe(
      '1 of 3 files, 5.0 MiB of 25.0 MiB, 2.0 MiB/s, 10 s left',
    )
  })

  it('says nothing that it does not know yet', () => {
    expect(progressText({ finishedFiles: 0, files: 1, done: 0, bytes: 0, rate: 0 })).toBe('0 B')
  })

  it('counts what is under way and what is through', () => {
    let now = 0
    const terminal = capture(false, true)
    const progress = createProgress(terminal.out, () => now)
    progress.found(2, 2048)
    progress.advanced('a', 512)
    now = 1000
    progress.finished('a', 1024)
    expect(terminal.stderr()).toContain('1 of 2 files, 1.0 KiB of 2.0 KiB')
  })
})
