import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { temporaryFolder } from './files.ts'
import { startResident } from './resident.ts'
import { start } from './run.ts'
import type { Ended, RunOptions, Running } from './run.ts'

const PROGRAM = resolve('dist/cli.js')

/** Fields of the JSON that `--json` prints; which of them are there depends on the command. */
export interface Row {
  id: string
  name: string
  bucket: string
  key: string
  path: string
  mode: string
  format: string
  keyId: string
  arn: string
  bytes: number
  size: number
  seconds: number
  proof: string
  state: string
  accessKeyId: string
  secretAccessKey: string
  journey: { actor: string; act: string; text: string; facts: Record<string, string>; evidence: string }[]
}

/** What a command left: its exit code, every JSON object it printed, and its failure if it had one. */
export interface Outcome extends Ended {
  rows: Row[]
  error: { code: string; message: string; hint: string } | undefined
}

/** One person's Coffer: a state folder and a working folder of their own, apart from every other suite's. */
export interface Person {
  folder: string
  /** Environment that makes every command this person's. */
  env: Record<string, string | undefined>
  /** Runs `coffer ARGS --json`, whatever becomes of it. */
  coffer(args: string[], options?: RunOptions): Promise<Outcome>
  /** The same for a command that has to succeed; throws with what it said otherwise. */
  done(args: string[], options?: RunOptions): Promise<Row[]>
  /** Starts a command and leaves it running. */
  start(args: string[], options?: RunOptions): Running
  remove(): Promise<void>
}

/** AWS variables of the surrounding shell must not reach the command line under test. */
const NO_AWS = Object.fromEntries(
  ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_REGION', 'AWS_ENDPOINT_URL']
    .concat(['AWS_DEFAULT_REGION', 'AWS_CA_BUNDLE', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL_KMS', 'COFFER_HOME'])
    .map((name) => [name, undefined]),
)

export interface PersonOptions {
  /** One process runs all commands but those that `start` starts, or that are given more than an environment. */
  resident?: boolean | undefined
}

/** A new person; `env` is added to everything they run. */
export async function newPerson(
  env: Record<string, string | undefined> = {},
  { resident = false }: PersonOptions = {},
): Promise<Person> {
  const folder = await temporaryFolder()
  const home = join(folder.path, 'home')
  await mkdir(home)
  const own = {
    ...NO_AWS,
    AWS_CONFIG_FILE: join(folder.path, 'no-aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder.path, 'no-aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    COFFER_HOME: home,
    ...env,
  }
  const launch = (args: string[], options: RunOptions = {}): Running =>
    start(process.execPath, [PROGRAM, ...args, '--json'], {
      cwd: folder.path,
      ...options,
      env: { ...own, ...options.env },
    })
  const stays = resident ? startResident(folder.path, own) : undefined
  const coffer = async (args: string[], { env, ...options }: RunOptions = {}): Promise<Outcome> => {
    const plain = Object.values(options).every((option) => option === undefined)
    if (stays !== undefined && plain) return outcomeOf(await stays.run([...args, '--json'], env))
    return outcomeOf(await launch(args, { ...options, env }).ended)
  }

  return {
    folder: folder.path,
    env: own,
    coffer,
    async done(args, options) {
      const outcome = await coffer(args, options)
      if (outcome.code === 0) return outcome.rows
      throw new Error(`coffer ${args.join(' ')} ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`)
    },
    start: launch,
    async remove() {
      await stays?.end()
      await folder.remove()
    },
  }
}

/** Reads what a command printed with `--json`: one document, or one a line. */
export function outcomeOf(ended: Ended): Outcome {
  const failures = documents(ended.stderr) as { error?: Outcome['error'] }[]
  return {
    ...ended,
    rows: documents(ended.stdout).flat() as Row[],
    error: failures.find((failure) => failure.error !== undefined)?.error,
  }
}

function documents(text: string): unknown[] {
  const whole = parsed(text)
  if (whole !== undefined) return [whole]
  return text
    .split('\n')
    .map(parsed)
    .filter((document) => document !== undefined)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
