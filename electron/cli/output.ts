import { printable, printableJson } from '../base/printable.ts'

/** What is told of a failure. */
export interface Failure {
  code: string
  message: string
  hint: string
  facts?: Record<string, string>
}

/**
 * Where a command's words go. Results go to standard output, all else to standard error, so that a pipe gets results
 * only. With `--json` everything is JSON, one document a line, and nothing else is printed.
 */
export interface Output {
  readonly json: boolean
  /** True if a person watches: progress is drawn and questions may be asked. */
  readonly interactive: boolean
  /** One result: `data` as JSON, or `text` for a person. */
  result(data: object, text: string | string[]): void
  /** Something worth knowing that is no result. */
  note(text: string, data?: object): void
  failure: (failure: Failure, where?: { bucket: string; key: string }) => void
  /** A line that is redrawn in place, on a terminal only; an empty text takes it away. */
  status(text: string): void
}

export interface Streams {
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
}

export function createOutput(json: boolean, { stdout, stderr }: Streams = process): Output {
  const interactive = !json && stderr.isTTY === true
  let drawn = false
  const status = (text: string): void => {
    if (!interactive || (text === '' && !drawn)) return
    stderr.write(`\r\x1b[2K${printable(text).slice(0, (stderr.columns ?? 80) - 1)}`)
    drawn = text !== ''
  }
  const line = (stream: NodeJS.WritableStream, text: string): void => {
    status('')
    stream.write(`${text}\n`)
  }
  return {
    json,
    interactive,
    status,
    result(data, text) {
      const lines = json ? [printableJson(JSON.stringify(data))] : [text].flat().map(printable)
      for (const each of lines) line(stdout, each)
    },
    note(text, data) {
      if (!json) line(stderr, printable(text))
      else if (data !== undefined) line(stderr, printableJson(JSON.stringify(data)))
    },
    failure({ code, message, hint, facts }, where) {
      if (json) {
        line(
          stderr,
          printableJson(JSON.stringify({ ...where, error: { code, message, hint, server: serverSaid(facts) } })),
        )
        return
      }
      const object = where === undefined ? '' : `s3://${where.bucket}/${where.key}`
      const subject = message.includes(object) ? '' : `${object}: `
      line(stderr, printable(`coffer: ${subject}${message}`))
      line(stderr, printable(`  ${hint}`))
    },
  }
}

/** What the server said itself, word for word; undefined if none was asked, or it was not reached. */
function serverSaid({ status, awsCode, serverMessage, requestId }: Record<string, string> = {}): object | undefined {
  return status === undefined ? undefined : { status: Number(status), code: awsCode, message: serverMessage, requestId }
}

/** Rows in columns two spaces apart, the last one ragged. */
export function table(header: string[], rows: string[][]): string[] {
  const all = [header, ...rows].map((row) => row.map(printable))
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** One result a row, under a header that only a person sees; `empty` says what to do when there is nothing. */
export function listing<T extends object>(
  out: Output,
  items: T[],
  columns: Record<string, (item: T) => string>,
  empty: string,
): void {
  if (items.length === 0) {
    out.note(empty)
    return
  }
  const cells = Object.values(columns)
  const [header, ...lines] = table(
    Object.keys(columns),
    items.map((item) => cells.map((cell) => cell(item))),
  )
  if (!out.json) out.result({}, header ?? '')
  items.forEach((item, index) => out.result(item, lines[index] ?? ''))
}

/** Names and values, one pair a line, the values aligned; pairs without a value are left out. */
export function pairs(values: Record<string, string | undefined>): string[] {
  const present = Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined)
  const width = Math.max(0, ...present.map(([name]) => name.length))
  return present.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}
