import { _electron } from '@playwright/test'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { OpenWindow, WindowOptions } from './window.ts'

/** In the app's main process: what its next dialog for files is to answer. */
type Answering = typeof globalThis & { chosen?: string[] }

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
        const { defaultPath = '' } = given.at(-1) as { defaultPath?: string }
        const filePaths = (globalThis as Answering).chosen ?? [defaultPath]
        delete (globalThis as Answering).chosen
        return Promise.resolve({ canceled: false, filePaths })
      }
    })
    const page = await app.firstWindow()
    await prepare?.(page)
    await page.reload()
    const chooseFiles = async (files: string[], press: () => Promise<void>): Promise<void> => {
      await app.evaluate((_, chosen) => void ((globalThis as Answering).chosen = chosen), files)
      await press()
    }
    return { page, address: 'coffer://app/', home, person, chooseFiles, close }
  } catch (error) {
    await close()
    throw error
  }
}

function environment(): Record<string, string> {
  const set = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(set)
}
