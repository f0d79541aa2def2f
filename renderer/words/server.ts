import type { ServerReport } from '../../electron/api/contract.ts'

export type Finding = ServerReport['findings'][number]

/** How an outcome is told: a word, and whether it is good, bad or neither. */
export const OUTCOME_WORDS: Record<Finding['outcome'], { word: string; kind: 'good' | 'bad' | 'calm' }> = {
  holds: { word: 'Yes', kind: 'good' },
  reported: { word: 'It says so', kind: 'calm' },
  refused: { word: 'Refused', kind: 'calm' },
  wrong: { word: 'No', kind: 'bad' },
  unknown: { word: 'Not known', kind: 'calm' },
}

/** What belongs together, by the part of a check's id before its dot. */
const GROUPS: readonly { title: string; parts: readonly string[] }[] = [
  { title: 'Encrypted in S3', parts: ['sse', 'sse-s3', 'sse-kms', 'sse-c'] },
  { title: 'KMS', parts: ['kms'] },
  { title: 'Metadata', parts: ['metadata'] },
  { title: 'Nothing overwritten, nothing mixed', parts: ['conditions'] },
  { title: 'Checksums', parts: ['checksums'] },
  { title: 'Versions', parts: ['versions'] },
  { title: 'Names', parts: ['names'] },
  { title: 'Tags and settings', parts: ['sub-resource'] },
]

/** The findings by group; a group of which nothing is known is left out. */
export function grouped(findings: readonly Finding[]): { title: string; findings: Finding[] }[] {
  return GROUPS.map(({ title, parts }) => ({
    title,
    findings: findings.filter(({ check }) => parts.includes(check.split('.')[0] ?? '')),
  })).filter((group) => group.findings.length > 0)
}

/** Why a mode cannot be chosen at a place. */
export function failingText(detail: string): string {
  return `Not encrypted on this server. ${detail}`
}
