import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The part of vitest's JSON report that counts. */
interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: { status: string; assertionResults: unknown[] }[]
}

/** A file that failed before its first test (in an import or a hook) is one failure of its own. */
function failures(report: Report): number {
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  return report.numFailedTests + broken.length
}

const folder = process.argv[2] ?? '.cache/results'
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report)

const sum = (count: (report: Report) => number): number => reports.reduce((total, report) => total + count(report), 0)
const skipped = sum((report) => report.numPendingTests)
console.log(
  `${sum((report) => report.numPassedTests)} passed, ${sum(failures)} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
)
