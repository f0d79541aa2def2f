import { createInterface } from 'node:readline'
import type { Running } from './run.ts'

/** The address that `coffer open --json` prints. Throws with what it said if it ends before. */
export async function windowAddress({ child, ended }: Running): Promise<URL> {
  if (child.stdout === null) throw new Error('no output')
  const lines = createInterface({ input: child.stdout })
  const first = new Promise<string>((done) => lines.once('line', done))
  const gone = ended.then(({ code, stderr }) => {
    throw new Error(`coffer open ended with ${code}: ${stderr}`)
  })
  gone.catch(() => undefined)
  return new URL((JSON.parse(await Promise.race([first, gone])) as { url: string }).url)
}
