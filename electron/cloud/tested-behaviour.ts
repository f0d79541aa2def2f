import { MODE_IDS, type ModeId } from '../base/mode-names.ts'
import type { Outcome, ServerCheck, ServerFinding } from '../base/server-checks.ts'
import type { TestedBehaviour, WriteWay } from './behaviour.ts'

/** The modes in which the server encrypts; what is encrypted on this computer needs nothing of it. */
type ServerMode = Extract<ModeId, `sse-${string}`>

const WAYS: readonly WriteWay[] = ['put', 'multipart', 'copy']

/** What stored findings say of a server, in the form in which requests ask for it. Undefined if nothing is known. */
export function testedBehaviour(findings: readonly ServerFinding[]): TestedBehaviour | undefined {
  if (findings.length === 0) return undefined
  const outcomes = new Map(findings.map(({ check, outcome }) => [check, outcome]))
  const holds = (...checks: ServerCheck[]): boolean | undefined =>
    all(checks.map((check) => verdict(outcomes.get(check))))
  const encrypts = MODE_IDS.filter(isServerMode).map((mode) => [
    mode,
    known(WAYS.map((way) => [way, holds(`${mode}.${way}`)])),
  ])
  return {
    encrypts: Object.fromEntries(encrypts) as TestedBehaviour['encrypts'],
    claimsFalsely: not(verdict(outcomes.get('sse.false-claim'))),
    // A server that refuses what is too much for it loses nothing.
    keepsMetadata: outcomes.get('metadata.2-kb') === 'wrong' ? false : holds('metadata.exact', 'metadata.replaced'),
    keepsIfNoneMatch: known([
      ['put', holds('conditions.put')],
      ['multipart', holds('conditions.complete')],
    ]),
  }
}

/** The modes in which files are not encrypted as they are put there, with what the test saw. Re-key by copy is another way. */
export function failingModes(findings: readonly ServerFinding[]): Partial<Record<ModeId, string>> {
  const failing: Partial<Record<ModeId, string>> = {}
  for (const { check, outcome, detail } of findings) {
    const mode = MODE_IDS.filter(isServerMode).find((id) => check === `${id}.put` || check === `${id}.multipart`)
    if (mode === undefined || verdict(outcome) !== false) continue
    failing[mode] ??= check.endsWith('.multipart') ? `Files in parts: ${detail}` : detail
  }
  return failing
}

function isServerMode(mode: ModeId): mode is ServerMode {
  return mode.startsWith('sse-')
}

/** A server whose word is consistent is believed as far as anything can be. */
function verdict(outcome: Outcome | undefined): boolean | undefined {
  if (outcome === undefined || outcome === 'unknown') return undefined
  return outcome === 'holds' || outcome === 'reported'
}

/** What is not known is left out. */
function known<Name extends string>(entries: [Name, boolean | undefined][]): Partial<Record<Name, boolean>> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Partial<Record<Name, boolean>>
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value
}

/** False if one is; undefined if one is not known. */
function all(verdicts: (boolean | undefined)[]): boolean | undefined {
  if (verdicts.includes(false)) return false
  return verdicts.includes(undefined) ? undefined : true
}
