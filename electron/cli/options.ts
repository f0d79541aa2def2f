import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import type { KeyPurpose } from '../base/key-purpose.ts'
import { MODE_IDS } from '../base/mode-names.ts'
import type { ModeChoice } from '../base/mode-names.ts'

/** The choices that go with a mode when something is written. */
export interface WriteFlags {
  key?: string
  context?: Record<string, string>
  bucketKey?: boolean
  dsse?: boolean
  format?: 'v3' | 'v2'
  envelope?: 'metadata' | 'instruction'
  sse?: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  sseKmsKeyId?: string
  allowUnencrypted?: boolean
}

/** The choices that go with a mode when something is read. */
export interface ReadFlags {
  key?: string
  context?: Record<string, string>
  allowLegacy?: boolean
  acceptUnsealed?: boolean
  instructionSuffix?: string
}

/** What a key is for. The mode's own name is taken too. */
export function purposeOption(description: string): Option {
  return new Option('--purpose <purpose>', description).argParser(parsePurpose)
}

export function parsePurpose(text: string): KeyPurpose {
  if (text === 'cse' || text === 'cse-c') return 'cse'
  if (text === 'sse-c') return 'sse-c'
  throw new InvalidArgumentError('It must be cse (encrypts files here, is never sent) or sse-c (is sent to servers).')
}

const MODE_CHOICES: readonly ModeChoice[] = [...MODE_IDS, 'bucket-default']

export function modeOption(description: string): Option {
  return new Option('--mode <mode>', description).choices(MODE_CHOICES)
}

export function addWriteFlags(command: Command): Command {
  return command
    .option('--key <key>', 'your key (name or id), or the KMS key (id, alias/NAME or ARN)')
    .option('--context <name=value>', 'KMS encryption context; may be given several times', collectPair)
    .option('--bucket-key', 'sse-kms: let S3 use a bucket key (fewer calls to KMS)')
    .option('--dsse', 'sse-kms: two layers of encryption (aws:kms:dsse)')
    .addOption(
      new Option('--format <format>', 'cse: v3 commits to its key, v2 is for older readers').choices(['v3', 'v2']),
    )
    .addOption(
      new Option(
        '--envelope <where>',
        'cse: where the wrapped key goes: metadata, or instruction (a file of its own)',
      ).choices(['metadata', 'instruction']),
    )
    .addOption(
      new Option('--sse <algorithm>', 'cse: S3 encrypts it once more, as some bucket policies demand').choices([
        'AES256',
        'aws:kms',
        'aws:kms:dsse',
      ]),
    )
    .option('--sse-kms-key-id <key>', 'the KMS key for that')
    .option('--allow-unencrypted', 'keep files that the server does not encrypt as it is asked to')
}

export function addReadFlags(command: Command): Command {
  return command
    .option('--key <key>', 'your key (name or id), if it is not found by itself')
    .option(
      '--context <name=value>',
      'KMS encryption context that the object must have; may be given several times',
      collectPair,
    )
    .option('--allow-legacy', 'accept old formats that cannot prove that nobody changed them')
    .option('--accept-unsealed', 'accept an object that was encrypted here before, and now is not')
    .addOption(instructionSuffixOption())
}

/** Amazon's clients can keep the wrapped key of an object in a file of its own, under the object's key and a suffix. */
export function instructionSuffixOption(): Option {
  return new Option(
    '--instruction-suffix <text>',
    'what the keys of instruction files end with: .instruction unless told',
  )
}

export function writeOptions(flags: WriteFlags) {
  const { key, context, bucketKey, dsse, format, envelope, allowUnencrypted } = flags
  const outerLayer = outerLayerOf(flags)
  return { key, encryptionContext: context, bucketKey, dsse, format, envelope, outerLayer, allowUnencrypted }
}

/** How S3 encrypts once more what is encrypted here. */
function outerLayerOf({ sse, sseKmsKeyId }: WriteFlags) {
  if (sse === undefined && sseKmsKeyId === undefined) return undefined
  if (sseKmsKeyId !== undefined && (sse ?? 'AES256') === 'AES256') {
    throw new CofferError('INVALID_INPUT', '--sse-kms-key-id goes with --sse aws:kms or aws:kms:dsse.')
  }
  return { algorithm: sse ?? 'AES256', kmsKeyId: sseKmsKeyId } as const
}

export function readOptions({ key, context, allowLegacy, acceptUnsealed, instructionSuffix }: ReadFlags) {
  return { key, encryptionContext: context, allowLegacy, acceptUnsealed, instructionSuffix }
}

/** NAME=VALUE, added to what was given before. A value may hold further `=`. */
export function collectPair(pair: string, before: Record<string, string> = {}): Record<string, string> {
  const at = pair.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write it as NAME=VALUE.')
  return { ...before, [pair.slice(0, at)]: pair.slice(at + 1) }
}

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

/** 500K, 2M or 1G: bytes a second, in powers of 1,024 as curl and rclone read them. */
export function limitRateOption(): Option {
  return new Option('--limit-rate <rate>', 'at most so many bytes a second: 500K, 2M').argParser((text) => {
    const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(text) ?? []
    const rate = Math.round(Number(digits) * 1024 ** ' KMG'.indexOf(unit.toUpperCase() || ' '))
    if (digits !== '' && rate >= LEAST_RATE) return rate
    throw new InvalidArgumentError('Write it as 500K, 2M or 1G; at least 1K.')
  })
}

const LEAST_RATE = 1024

export function concurrencyOption(): Option {
  return new Option(
    '--concurrency <files>',
    'at most so many files at once (up to 64 small and 4 large ones)',
  ).argParser(wholeNumber(1, 64))
}
