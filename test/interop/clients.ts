import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { pythonTool, run } from '../support/run.ts'
import { startDriver } from './driver.ts'
import type { Driver, Format, KeyringKind, Place } from './driver.ts'

/** One of Amazon's own encryption clients, and what it can do. */
export interface Client {
  /** Names its objects. */
  id: string
  name: string
  formats: Format[]
  keyrings: KeyringKind[]
  /** Where it can write the envelope. */
  places: Place[]
  /** Why it cannot keep a context or description that is not ASCII in metadata; null if it can. */
  asciiMetadata: string | null
  multipart: boolean
  /** Starts its program; throws with what is missing on this machine. */
  start(): Promise<Driver>
}

const HERE = import.meta.dirname
const POM = join(HERE, 'java/pom.xml')

/** See https://github.com/aws/aws-sdk-java-v2/issues/2624. */
const JAVA_ASCII = 'sends metadata in another encoding than it signs, so that S3 refuses what is not ASCII'

export const CLIENTS: Client[] = [
  {
    id: 'java4',
    name: 'Java 4.0.1',
    formats: ['v3', 'v2'],
    keyrings: ['kms', 'aes', 'rsa'],
    places: ['metadata', 'instruction'],
    asciiMetadata: JAVA_ASCII,
    multipart: true,
    start: () => startJava('v4'),
  },
  {
    id: 'java3',
    name: 'Java 3.5.0',
    formats: ['v2'],
    keyrings: ['kms', 'aes', 'rsa'],
    places: ['metadata', 'instruction'],
    asciiMetadata: JAVA_ASCII,
    multipart: true,
    start: () => startJava('v3'),
  },
  {
    id: 'python4',
    name: 'Python 4.0.0',
    formats: ['v3', 'v2'],
    keyrings: ['kms'],
    places: ['metadata'],
    asciiMetadata: 'takes encryption contexts in ASCII only',
    multipart: true,
    start: startPython,
  },
  {
    id: 'ruby',
    name: 'Ruby 1.117',
    formats: ['v2'],
    keyrings: ['kms', 'aes', 'rsa'],
    places: ['metadata', 'instruction'],
    asciiMetadata: null,
    multipart: false,
    start: startRuby,
  },
]

async function startJava(profile: 'v4' | 'v3'): Promise<Driver> {
  await needed('java', ['-version'], 'Java 17 (apt-get install openjdk-17-jdk-headless)')
  const folder = resolve('.cache/interop', `java-${profile}`)
  if (!(await isBuilt(folder))) await build(profile)
  const classpath = [join(folder, 'classes'), ...(await librariesOf(folder))].join(delimiter)
  return startDriver('java', ['-Xmx512m', '-XX:+UseSerialGC', '-Xshare:auto', '-cp', classpath, 'Interop'])
}

/** True if what is built is newer than what it is built from, and its libraries are still there. */
async function isBuilt(folder: string): Promise<boolean> {
  const built = await stat(join(folder, 'classes/Interop.class')).catch(() => null)
  const sources = await Promise.all([POM, join(HERE, 'java/src/main/java/Interop.java')].map((path) => stat(path)))
  if (built === null || sources.some(({ mtimeMs }) => mtimeMs >= built.mtimeMs)) return false
  return (await librariesOf(folder)).every((path) => existsSync(path))
}

/** The classpath that Maven wrote down; empty if it did not. */
async function librariesOf(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'classpath.txt'), 'utf8').catch(() => '')
  return text.trim().split(delimiter)
}

/** Without the network first: once Maven has fetched everything, a build takes seconds. */
async function build(profile: string): Promise<void> {
  await needed('mvn', ['-version'], 'Maven (apt-get install maven)')
  const args = ['-q', '-B', '-f', POM, '-P', profile, 'compile']
  if ((await run('mvn', ['-o', ...args])).code === 0) return
  const online = await run('mvn', args, { timeout: 600_000 })
  if (online.code !== 0) throw new Error(`The Java client cannot be built: ${online.stdout}${online.stderr}`)
}

async function startPython(): Promise<Driver> {
  const python = pythonTool('python3')
  await needed(python, ['-c', 'import s3_encryption'], 'amazon-s3-encryption-client-python (bash scripts/system.sh)')
  return startDriver(python, [join(HERE, 'python/client.py')])
}

async function startRuby(): Promise<Driver> {
  // Debian's own Ruby has Debian's packages.
  const ruby = '/usr/bin/ruby'
  const check = 'require "aws-sdk-s3"; exit Aws::S3.const_defined?(:EncryptionV2)'
  await needed(ruby, ['-e', check], "Ruby's aws-sdk-s3 (apt-get install ruby-aws-sdk-s3)")
  return startDriver(ruby, [join(HERE, 'ruby/client.rb')])
}

async function needed(program: string, args: string[], what: string): Promise<void> {
  const code = await run(program, args).then(
    (ended) => ended.code,
    () => -1,
  )
  if (code !== 0) throw new Error(`${what} is missing`)
}
