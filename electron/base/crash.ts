import type { CofferError } from './errors.ts'
import { kindOf, ownError } from './own-error.ts'

/** Longest chain of causes that is followed. */
const MAX_CAUSES = 8

/** What nobody caught, in Coffer's words: Node's own would be the whole error with all that hangs on it. */
export function crashOf(error: unknown): CofferError {
  return ownError(error)
}

/**
 * For whoever mends it: the kind, the code and the place of an error and of its causes. Never a message or a property:
 * what failed underneath may quote a request, a header or the text that it could not read.
 */
export function traceOf(error: unknown): string {
  const lines: string[] = []
  let link = error
  for (let depth = 0; depth < MAX_CAUSES && link instanceof Error; depth++) {
    const { code } = link as { code?: unknown }
    lines.push(`${depth === 0 ? '' : 'caused by '}${kindOf(link)}${isCode(code) ? ` ${code}` : ''}`)
    lines.push(...(link.stack ?? '').split('\n').filter((line) => /^ {4}at [^"'`]+$/.test(line)))
    link = link.cause
  }
  return lines.map((line) => `${line}\n`).join('')
}

function isCode(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z][\w.]{0,63}$/.test(value)
}
