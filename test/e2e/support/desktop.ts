import { _electron } from '@playwright/test'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { OpenWindow, WindowOptions } from './window.ts'

/**
 * The same window in the desktop app. Nobody is there to answer the system's dialogs: saving goes where they begin, which is
 * where the browser host saves.
 */
export async function openDesktop({ prepare }: Pick<WindowOptions, 'prepare'> = {}): Promise<OpenWindow> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-desktop-'))
  const home = join(folder, 'home')
  const person = join(folder, 'person')
  await mkdir(join(person, 'Downloads'), { recursive: true })
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const app = await _electron.launch({
    args: [...sandbox, resolve('.')],
    env: { ...environment(), COFFER_HOME: home, HOME: person, USERPROFILE: person },
  })
  const close = async (): Promise<void> => {
    await app.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await app.evaluate(({ dialog }) => {
      dialog.showSaveDialog = (...given: unknown[]) => {
        const { defaultPath } = given.at(-1) as { defaultPath: string }
        return Promise.resolve({ canceled: false, filePath: defaultPath })
      }
      dialog.showOpenDialog = (...given: unknown[]) => {
        const { defaultPath } = given.at(-1) as { defaultPath: string }
        return Promise.resolve({ canceled: false, filePaths: [defaultPath] })
      }
    })
    const page = await app.firstWindow()
    await prepare?.(page)
    await page.reload()
    return { page, address: 'coffer://app/', home, person, close }
  } catch (error) {
    await close()
    throw error
  }
}

function environment(): Record<string, string> {
  const set = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(set)
}
