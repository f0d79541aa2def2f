/**
 * What a window asks of the catalog, as a program of its own. Bundled before it is run, as Coffer's own programs are.
 *
 *     refresh ENDPOINT BUCKET             lists the whole bucket into the catalog
 *     welcomed                            notes that the person has been through the first start
 *     search ENDPOINT BUCKET CALLS WORD   searches CALLS times; prints the milliseconds of each, and what was found
 */
import { createInProcessClient } from '../../electron/api/router.ts'
import { openCoffer } from '../../electron/compose.ts'

const [what, endpoint, bucket = '', calls, word = ''] = process.argv.slice(2)
const coffer = await openCoffer()
const { objects, settings } = createInProcessClient(coffer)
const where = { place: { endpoint, region: 'us-east-1' }, bucket }
if (what === 'refresh') {
  let listed = 0
  for await (const event of await objects.refresh({ ...where, recursive: true })) listed = event.objects
  console.log(JSON.stringify({ listed }))
} else if (what === 'welcomed') {
  await settings.set({ welcomed: true })
} else {
  const times: number[] = []
  let found = 0
  for (let call = 0; call < Number(calls); call++) {
    const started = performance.now()
    found = (await objects.search({ ...where, words: [word] })).total
    times.push(performance.now() - started)
  }
  console.log(JSON.stringify({ times, found }))
}
await coffer.close()
