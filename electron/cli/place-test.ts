import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { CofferError } from '../base/errors.ts'
import { table, pairs, type Output } from './output.ts'
import { withCoffer } from './session.ts'

type Report = Awaited<ReturnType<CofferClient['places']['serverReport']>>
type Place = Awaited<ReturnType<CofferClient['places']['list']>>[number]
type Finding = Report['findings'][number]

interface TestOptions {
  bucket?: string
  write?: boolean
  kmsKey?: string
}

export function addTest(place: Command): void {
  const command = place
    .command('test')
    .description('try what Coffer needs there, and name what is missing')
    .argument('[place]', 'its name or id; without it, what the options or the environment say')
    .option('--bucket <bucket>', 'try this bucket too')
    .option(
      '--write',
      'find out what the server really does, with objects below .coffer-test-…/ that are removed again',
    )
    .option('--kms-key <key>', 'with --write: the KMS key to try SSE-KMS with')
    .action((name: string | undefined, { bucket, write, kmsKey }: TestOptions) =>
      withCoffer(command, async ({ client, place: where, out, fail, signal }) => {
        const tested = name ?? where
        if (write === true && bucket === undefined) {
          throw new CofferError('INVALID_INPUT', 'The test needs a bucket that it may write to.', {
            hint: 'Name one: --bucket BUCKET.',
          })
        }
        const { ok, checks } = await client.places.test({ place: tested, bucket }, { signal })
        out.result(
          { ok, checks },
          checks.map((check) => `${check.ok ? 'works ' : 'fails '} ${check.action}`),
        )
        if (write !== true || bucket === undefined) {
          for (const { error } of checks) if (error !== undefined) fail(error)
          return
        }
        out.status('Testing…')
        const { left, ...report } = await client.places.testServer({ place: tested, bucket, kmsKey }, { signal })
        out.result({ ...report, left }, reportLines(report))
        tellLeft(out, bucket, left)
      }),
    )
}

export function addShow(place: Command): void {
  const command = place
    .command('show')
    .description('what is known of a place and its server, without asking it')
    .argument('[place]', 'its name or id; without it, what the options or the environment say')
    .action((name: string | undefined) =>
      withCoffer(command, async ({ client, place: where, out, signal }) => {
        const shown = name ?? where
        const report = await client.places.serverReport({ place: shown }, { signal })
        const known = (await client.places.list({}, { signal })).find((each) => isPlace(each, shown))
        out.result({ ...known, ...report }, [
          ...(known === undefined
            ? []
            : [known.name, ...pairs({ Id: known.id, Endpoint: known.endpoint, Region: known.region })]),
          ...reportLines(report),
        ])
        if (report.test === null) {
          out.note(
            `Not tested. Find out what it really does: coffer place test ${nameOf(known)}--write --bucket BUCKET`,
          )
        }
      }),
    )
}

/** With a space after it; its id where a shell would take the name for several words. */
function nameOf(known: Place | undefined): string {
  if (known === undefined) return ''
  return /^[\w.-]+$/.test(known.name) ? `${known.name} ` : `${known.id} `
}

function isPlace({ id, name, isDefault }: Place, wanted: string | object | undefined): boolean {
  if (wanted === undefined) return isDefault
  return typeof wanted === 'string' && (id === wanted || name.toLowerCase() === wanted.toLowerCase())
}

const OUTCOME_WORDS: Record<Finding['outcome'], string> = {
  holds: 'yes',
  reported: 'says so',
  refused: 'refused',
  wrong: 'NO',
  unknown: 'not known',
}

function reportLines({ test, findings, failingModes }: Report): string[] {
  const failing = Object.keys(failingModes).map((mode) => mode.toUpperCase())
  return [
    ...pairs({
      Tested: test?.testedAt.toISOString(),
      Bucket: test?.bucket,
      Server: test?.server,
      'Do not use':
        failing.length === 0 ? undefined : `${failing.join(', ')}. CSE-C and CSE-KMS need no encryption of the server.`,
    }),
    ...(findings.length === 0 ? [] : table(['RESULT', 'WHAT', 'SEEN'], findings.map(cells))),
  ]
}

function cells({ title, outcome, detail }: Finding): string[] {
  return [OUTCOME_WORDS[outcome], title, detail]
}

function tellLeft(out: Output, bucket: string, left: string[]): void {
  if (left.length === 0) return
  out.note(`Objects of the test could not be removed. Remove them yourself:`, { left })
  for (const key of left) out.note(`  s3://${bucket}/${key}`)
}
