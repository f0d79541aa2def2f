import { access, constants, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { CofferError } from '../../base/errors.ts'
import type { Coffer } from '../context.ts'
import { procedures } from './base.ts'

const THEMES = ['system', 'light', 'dark'] as const

function preferencesOf({ settings }: Coffer) {
  const flag = (name: string, unset: boolean): boolean => settings.get(name, (value) => value === true) ?? unset
  const theme = settings.get('window.theme', (value) => THEMES.find((known) => known === value))
  const saveFolder = settings.get('window.saveFolder', (value) => (typeof value === 'string' ? value : undefined))
  return {
    theme: theme ?? 'system',
    saveFolder: saveFolder ?? join(homedir(), 'Downloads'),
    welcomed: flag('window.welcomed', false),
    notify: flag('window.notify', true),
  }
}

/** Throws INVALID_INPUT, FILE_NOT_FOUND or LOCAL_IO if files cannot be saved there. */
async function checkFolder(path: string): Promise<void> {
  if (!isAbsolute(path)) throw new CofferError('INVALID_INPUT', `Give the whole path of the folder: ${path}`)
  const found = await stat(path).catch(() => null)
  if (found === null) throw new CofferError('FILE_NOT_FOUND', `There is no such folder: ${path}`)
  if (!found.isDirectory()) throw new CofferError('INVALID_INPUT', `This is not a folder: ${path}`)
  await access(path, constants.W_OK).catch(() => {
    throw new CofferError('LOCAL_IO', `Nothing can be saved in this folder: ${path}`)
  })
}

export const settingsRouter = {
  get: procedures.settings.get.handler(({ context }) => preferencesOf(context.coffer)),
  set: procedures.settings.set.handler(async ({ input, context: { coffer } }) => {
    if (input.saveFolder !== undefined) await checkFolder(input.saveFolder)
    for (const [name, value] of Object.entries(input)) {
      if (value !== undefined) coffer.settings.set(`window.${name}`, value)
    }
    return preferencesOf(coffer)
  }),
}
