/* Draws the icon in every size that a system asks for: node scripts/icons.ts */
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { launchBrowser } from '../test/e2e/support/window.ts'

const SIZES = [16, 24, 32, 48, 64, 128, 256, 512, 1024]

const resources = resolve(import.meta.dirname, '../resources')
const folder = join(resources, 'icons')
await mkdir(folder, { recursive: true })
const svg = await readFile(join(resources, 'icon.svg'), 'utf8')
const browser = await launchBrowser()
try {
  const page = await browser.newPage()
  for (const size of SIZES) {
    await page.setViewportSize({ width: size, height: size })
    await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`)
    await page.screenshot({ path: join(folder, `${size}x${size}.png`), omitBackground: true })
  }
} finally {
  await browser.close()
}
