import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

interface Counts {
  passed: number
  failed: number
  /** Passed only when they were run again. */
  flaky: number
  skipped: number
}

/** The part of vitest's JSON report that counts. */
interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[]
}

/** The part of Playwright's. */
interface PlaywrightReport {
  stats: { expected: number; unexpected: number; flaky: number; skipped: number }
  /** What went wrong outside of any test. */
  errors: unknown[]
  suites: PlaywrightSuite[]
}

interface PlaywrightSuite {
  suites?: PlaywrightSuite[]
  specs: { title: string; file: string; tests: PlaywrightTest[] }[]
}

interface PlaywrightTest {
  projectName: string
  status: 'expected' | 'unexpected' | 'flaky' | 'skipped'
  annotations: { type: string; description?: string }[]
}

function countsOf(report: VitestReport | PlaywrightReport): Counts {
  if ('stats' in report) {
    const { expected, unexpected, flaky, skipped } = report.stats
    return { passed: expected, failed: unexpected + report.errors.length, flaky, skipped }
  }
  // A file that failed before its first test (in an import or a hook) is one failure of its own.
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    flaky: 0,
    skipped: report.numPendingTests,
  }
}

/** The names of the tests that failed, to stand together at the end. */
function failuresOf(report: VitestReport | PlaywrightReport): string[] {
  if ('stats' in report) return journeysOf(report.suites, 'unexpected').map(({ name }) => name)
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => `${relative('.', name)}: ${fullName}`),
  )
}

/** The tests of Playwright's that came to this end, by file, title and project. */
function journeysOf(
  suites: PlaywrightSuite[],
  status: PlaywrightTest['status'],
): { name: string; test: PlaywrightTest }[] {
  return suites.flatMap(({ suites: inner = [], specs }) => [
    ...specs.flatMap(({ file, title, tests }) =>
      tests
        .filter((test) => test.status === status)
        .map((test) => ({ name: `${file}: ${title} (${test.projectName})`, test })),
    ),
    ...journeysOf(inner, status),
  ])
}

/** The journeys that were skipped, each with its reason. */
function skipsOf(report: VitestReport | PlaywrightReport): string[] {
  if (!('stats' in report)) return []
  return journeysOf(report.suites, 'skipped').map(({ name, test }) => {
    const reason = test.annotations.find(({ type }) => type === 'skip')?.description
    return `${name}: ${reason ?? 'no reason given'}`
  })
}

const folder = process.argv[2] ?? '.cache/results'
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as VitestReport | PlaywrightReport)
const counts = reports.map(countsOf)

const sum = (of: keyof Counts): number => counts.reduce((total, one) => total + one[of], 0)
for (const skip of reports.flatMap(skipsOf)) console.log(`skipped: ${skip}`)
for (const failure of reports.flatMap(failuresOf)) console.log(`failed: ${failure}`)
const rare = (['flaky', 'skipped'] as const).flatMap((of) => (sum(of) > 0 ? [`${sum(of)} ${of}`] : []))
console.log([`${sum('passed')} passed`, `${sum('failed')} failed`, ...rare].join(', '))
