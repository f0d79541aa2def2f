import type { CofferError } from '../../base/errors.ts'
import type { ServerFinding } from '../../base/server-checks.ts'
import { allObjects } from '../list-objects.ts'
import { NAMES_FOLDER, putText, readText, type Scratch } from './scratch.ts'
import { HOLDS, judge, refusalOf, wordsOf, type Verdict } from './verdict.ts'

/** Names that servers are known to mix up: with each other, with what they are called when encoded, or with a path. */
const NAMES = [
  'plus+space and%20percent 100%.txt',
  'A',
  'a',
  '\u00e9',
  'e\u0301',
  'two//slashes',
  `quotes'"&<>`,
  '\u{1F511}#?;:@=,',
].map((name) => NAMES_FOLDER + name)

/** Whether each name is an object of its own, and is listed as it is. */
export async function testNames(scratch: Scratch): Promise<ServerFinding[]> {
  const refused = new Map<string, CofferError>()
  for (const name of NAMES) {
    const refusal = await refusalOf(putText(scratch, name, name))
    if (refusal !== null) refused.set(name, refusal)
  }
  const stored = NAMES.filter((name) => !refused.has(name))
  return [
    await judge('names.read', async (): Promise<Verdict> => {
      const mixed: string[] = []
      for (const name of stored) {
        const content = await readText(scratch, name).catch(() => null)
        if (content !== name) mixed.push(name)
      }
      if (mixed.length > 0) return ['wrong', `Another file, or none, comes back for ${shown(mixed)}.`]
      const [first] = refused
      return first === undefined ? HOLDS : ['refused', `${shown([...refused.keys()])}: ${wordsOf(first[1])}`]
    }),
    await judge('names.listed', async () => {
      const listed = new Set<string>()
      const scope = { bucket: scratch.bucket, prefix: scratch.folder + NAMES_FOLDER, recursive: true }
      for await (const { objects } of allObjects(scratch.s3, scope, scratch.signal)) {
        for (const { key } of objects) listed.add(key.slice(scratch.folder.length))
      }
      const missing = stored.filter((name) => !listed.has(name))
      return missing.length === 0 ? HOLDS : ['wrong', `It does not list ${shown(missing)} under that name.`]
    }),
  ]
}

/** Characters that cannot be told apart by sight are escaped. */
function shown(names: string[]): string {
  return names
    .map((name) =>
      JSON.stringify(name.slice(NAMES_FOLDER.length)).replace(
        /[^ -~]/gu,
        (char) => `\\u{${char.codePointAt(0)?.toString(16) ?? ''}}`,
      ),
    )
    .join(', ')
}
