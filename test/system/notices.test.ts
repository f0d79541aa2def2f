import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/* The notices of other people's software, as the build has written them. */

interface Notice {
  packages: string[]
  license: string
  text: string
}

const dist = 'dist'
const notices = JSON.parse(await readFile(join(dist, 'renderer', 'third-party-notices.json'), 'utf8')) as Notice[]
const named = new Set(notices.flatMap(({ packages }) => packages.map((one) => one.replace(/ .*/, ''))))

/** The packages of whose files the bundler says that it took them in. */
async function bundled(): Promise<Set<string>> {
  const names = await readdir(dist, { recursive: true })
  const texts = await Promise.all(
    names.filter((name) => /\.c?js$/.test(name)).map((name) => readFile(join(dist, name), 'utf8')),
  )
  const found = texts.flatMap((text) => [...text.matchAll(/^\/\/(?:#region)? ?node_modules\/(.+)$/gm)])
  const innermost = found.map(([, path = '']) => path.replace(/.*\/node_modules\//, ''))
  return new Set(innermost.map((path) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? ''))
}

describe('third-party notices', () => {
  it('name every package that the programs contain', async () => {
    const inside = await bundled()
    expect(inside.size).toBeGreaterThan(30)
    expect([...inside].filter((name) => !named.has(name))).toEqual([])
  })

  it('name what the window shows and what lies beside the bundle', () => {
    const wanted = ['svelte', 'pdfjs-dist', '@fontsource-variable/inter', '@fontsource-variable/jetbrains-mono']
    expect([...named]).toEqual(expect.arrayContaining([...wanted, '@github/keytar']))
  })

  it('give each licence in full, and what some want passed on besides', () => {
    expect(notices.filter(({ text }) => text.length < 400).map(({ packages }) => packages)).toEqual([])
    const fonts = notices.filter(({ packages }) => packages.some((name) => name.startsWith('@fontsource')))
    expect(fonts.every(({ text }) => text.includes('SIL OPEN FONT LICENSE'))).toBe(true)
    const words = notices.find(({ packages }) => packages.some((name) => name.startsWith('@zxcvbn-ts/language-en ')))
    expect(words?.text).toMatch(/notice/i)
  })

  it('are a text for the package, too', async () => {
    const text = await readFile(join(dist, 'THIRD-PARTY-NOTICES.txt'), 'utf8')
    expect(notices.filter((notice) => !text.includes(notice.text))).toEqual([])
    expect(text).toContain('LICENSES.chromium.html')
  })
})
