import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { start } from '../support/run.ts'
import { names, row, search } from './support/person.ts'
import { expect, test } from './support/test.ts'

const ROWS = 100_000
const nameOf = (at: number): string => `IMG_${String(at).padStart(6, '0')}.jpg`

/** Pixels. */
const ROW_HEIGHT = 40

/** Milliseconds for which a window may keep a person waiting, even on a busy machine. */
const PATIENCE = 1_000

/** Resolves with the longest time between two moments at which the page could draw, over as many milliseconds. */
const LONGEST_STALL = (milliseconds: number): string => `new Promise((done) => {
  const begun = performance.now()
  let last = begun, longest = 0
  const tick = (now) => {
    longest = Math.max(longest, now - last)
    last = now
    if (now - begun < ${milliseconds}) requestAnimationFrame(tick)
    else done(longest)
  }
  requestAnimationFrame(tick)
})`

test('a hundred thousand rows are scrolled, jumped through and searched, and the window stays awake', async ({
  page,
}) => {
  const server = start(process.execPath, [resolve('test/bench/sink.ts')], { stdinOpen: true, timeout: 600_000 })
  try {
    if (server.child.stdout === null) throw new Error('the server has no standard output')
    const [line] = (await once(createInterface({ input: server.child.stdout }), 'line')) as [string]
    const { endpoint } = JSON.parse(line) as { endpoint: string }
    await page.getByRole('button', { name: 'Connect a bucket' }).click()
    await page.getByText('Compatible server').click()
    await page.getByLabel('Address', { exact: true }).fill(endpoint)
    await page.getByLabel('Access key id').fill('any')
    await page.getByLabel('Secret access key').fill('any')
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await page.getByRole('button', { name: 'Keep it anyway' }).click()
    await page.getByRole('button', { name: 'Not now' }).click()
    await page.waitForURL(/#\/place\//)
    const place = page.url().split('/').at(-1) ?? ''
    await page.goto(`${page.url().split('#')[0] ?? ''}#/vault/${place}/flat-${ROWS}/`)

    const grid = page.getByRole('grid', { name: `Files in flat-${ROWS}` })
    // The first rows are there while the rest is still being listed.
    await expect(row(page, nameOf(0))).toBeVisible()
    expect(await page.evaluate<number>(LONGEST_STALL(1_500)), 'while it is listed').toBeLessThan(PATIENCE)
    await expect(grid).toHaveAttribute('aria-rowcount', String(ROWS + 1), { timeout: 60_000 })

    await grid.press('End')
    await expect(row(page, nameOf(ROWS - 1))).toHaveAttribute('aria-selected', 'true')
    await expect(row(page, nameOf(ROWS - 1))).toHaveAttribute('aria-rowindex', String(ROWS + 1))
    await grid.press('PageUp')
    await expect(row(page, nameOf(ROWS - 13))).toHaveAttribute('aria-selected', 'true')

    // Half way down at one go, as with the scroll bar; and then by turns of the wheel.
    await grid.press('Home')
    await page.getByRole('rowgroup', { name: 'Files' }).hover()
    await page.mouse.wheel(0, (ROWS / 2) * ROW_HEIGHT)
    await expect(row(page, nameOf(ROWS / 2))).toBeVisible()
    const awake = page.evaluate<number>(LONGEST_STALL(1_500))
    for (let turns = 0; turns < 15; turns++) await page.mouse.wheel(0, 2_000)
    expect(await awake, 'while it is scrolled').toBeLessThan(PATIENCE)
    await expect.poll(async () => (await names(page)).every((name) => /^IMG_\d{6}\.jpg$/.test(name))).toBe(true)
    const seen = await names(page)
    const from = Number(seen[0]?.slice(4, 10))
    expect(seen).toEqual(seen.map((_, at) => nameOf(from + at)))
    expect(seen.length, 'only what can be seen is drawn').toBeLessThan(80)

    await search(page, '076543')
    await expect.poll(() => names(page)).toEqual([nameOf(76_543)])
    // Every hit is shown, not the first of them only.
    await search(page, 'img_07')
    await expect(page.getByRole('status').getByText('10,000 found')).toBeVisible()
    await expect(grid).toHaveAttribute('aria-rowcount', '10001')
    await grid.press('End')
    await expect(row(page, nameOf(79_999))).toHaveAttribute('aria-selected', 'true')
    await search(page, '')
    await expect(grid).toHaveAttribute('aria-rowcount', String(ROWS + 1))
  } finally {
    server.child.stdin?.end()
    await server.ended
  }
})
