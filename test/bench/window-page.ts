import { SESSION_ITEM } from '../../electron/api/contract/browser-session.ts'
import { gzipSync } from 'node:zlib'
import type { Browser, CDPSession, Page } from '@playwright/test'
import type { WindowInBrowser } from '../e2e/support/window.ts'

/** A folder in the window, and the name that its list goes by. */
export interface Folder {
  hash: string
  label: string
}

/** What one opening of a window took, in milliseconds from the start of its navigation. */
export interface Opening {
  painted: number
  /** When the places were there. */
  whole: number
  /** Bytes of all scripts that were loaded, as gzip makes them. */
  scripts: number
}

/** Resolves with the time of the first contentful paint. */
const FIRST_PAINT = `new Promise((done) =>
  new PerformanceObserver((list) => {
    const paint = list.getEntries().find(({ name }) => name === 'first-contentful-paint')
    if (paint !== undefined) done(paint.startTime)
  }).observe({ type: 'paint', buffered: true })
)`

/** Resolves when the window stands, with its places; at once in a page that is none. */
const WHOLE = `new Promise((done) => {
  const look = () => {
    if (document.getElementById('app') && !document.querySelector('nav[aria-label=Places]')) requestAnimationFrame(look)
    else done(performance.now())
  }
  look()
})`

/** Opens an address in a browser that has nothing cached, as one that has the window's session. */
export async function openCold({ browser, page }: WindowInBrowser, url: string): Promise<Opening> {
  const cookies = await page.context().cookies()
  const secret = await page.evaluate<string>(`sessionStorage.getItem('${SESSION_ITEM}')`)
  await using context = await browser.newContext({ viewport: VIEWPORT })
  await context.addCookies(cookies)
  await context.addInitScript(`sessionStorage.setItem('${SESSION_ITEM}', '${secret}')`)
  const fresh = await context.newPage()
  const scripts: Promise<number>[] = []
  fresh.on('response', (response) => {
    if (response.request().resourceType() !== 'script') return
    scripts.push(response.body().then((body) => gzipSync(body).length))
  })
  await fresh.goto(url, { waitUntil: 'load' })
  const painted = await fresh.evaluate<number>(FIRST_PAINT)
  const whole = await fresh.evaluate<number>(WHOLE)
  await fresh.waitForTimeout(2 * REST)
  return { painted, whole, scripts: (await Promise.all(scripts)).reduce((sum, bytes) => sum + bytes, 0) }
}

/** What a person has on their desk, and what is measured. */
const VIEWPORT = { width: 1280, height: 800 }

/** Milliseconds in which the window comes to rest. */
const REST = 300

/** Shows the folder, coming from another screen; milliseconds until its first row is painted, in the window's own clock. */
export async function openFolder(page: Page, { hash, label }: Folder): Promise<number> {
  await page.evaluate(`location.hash = '#/settings'`)
  await page.waitForTimeout(REST)
  return page.evaluate<number>(`new Promise((done) => {
    const row = '[role=grid][aria-label=${JSON.stringify(label)}] [aria-rowindex="2"] [role=gridcell]'
    const started = performance.now()
    const observer = new MutationObserver(() => {
      if (!document.querySelector(row)?.textContent) return
      observer.disconnect()
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => done(performance.now() - started)
        port2.postMessage(null)
      })
    })
    observer.observe(document.body, { subtree: true, childList: true, characterData: true })
    location.hash = ${JSON.stringify(hash)}
  })`)
}

/** Waits until S3 has been listed and the folder shows all of it. */
export async function listedWhole(page: Page, { label }: Folder, count: number): Promise<void> {
  const timeout = 120_000
  await page.locator(`[role=grid][aria-label="${label}"][aria-rowcount="${count + 1}"]`).waitFor({ timeout })
  await page.getByRole('progressbar', { name: 'Listing the folder' }).waitFor({ state: 'detached', timeout })
}

/** Pixels to scroll down, and up again, and how many of them a second. */
const DISTANCE = 3_000
const SPEED = 3_000

/** Frames while a list was scrolled. */
export interface Frames {
  /** That the compositor should have shown and did not, as the browser's own trace counts them. */
  dropped: number
  /** That the page was late for: the gaps between its animation frames, in frames. */
  late: number
}

/** Scrolls the folder that is shown down and up again by a real gesture, from the row at `from`. */
export async function scroll(browser: Browser, page: Page, from: number): Promise<Frames> {
  const list = `document.querySelector('[role=rowgroup][aria-label=Files]')`
  await page.evaluate(`${list}.scrollTop = ${from} * ${list}.querySelector('[role=row]').offsetHeight`)
  await page.waitForTimeout(REST)
  const session = await page.context().newCDPSession(page)
  await page.evaluate(COUNT_LATE)
  await browser.startTracing(page, { categories: ['devtools.timeline.frame', FRAMES] })
  for (const way of [-1, 1]) await gesture(session, way * DISTANCE)
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: { name: string }[] }
  const late = await page.evaluate<number>('globalThis.stopCounting()')
  await session.detach()
  return { dropped: trace.traceEvents.filter(({ name }) => name === 'DroppedFrame').length, late }
}

const FRAMES = 'disabled-by-default-devtools.timeline.frame'

/** A frame takes a sixtieth of a second. */
const COUNT_LATE = `{
  let last = performance.now()
  let late = 0
  let request = requestAnimationFrame(function next(now) {
    late += Math.max(0, Math.round(((now - last) * 60) / 1000) - 1)
    last = now
    request = requestAnimationFrame(next)
  })
  globalThis.stopCounting = () => {
    cancelAnimationFrame(request)
    return late
  }
}`

function gesture(session: CDPSession, yDistance: number): Promise<unknown> {
  return session.send('Input.synthesizeScrollGesture', {
    ...{ x: VIEWPORT.width / 2, y: VIEWPORT.height / 2 },
    ...{ yDistance, speed: SPEED, gestureSourceType: 'mouse', preventFling: true },
  })
}
