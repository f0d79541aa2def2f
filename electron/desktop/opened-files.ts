import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Files that a click in the file manager opens with Coffer, as electron-builder.yml tells the system. */
const KIT = /\.(?:coffer-kit|age)$/i

/**
 * The recovery kit among the arguments that the app was started with: a path, or an address as Linux' desktops give it.
 * Relative paths are below `folder`. Undefined if there is none that is a file.
 */
export function kitIn(args: readonly string[], folder: string): string | undefined {
  return args
    .filter((arg) => !arg.startsWith('-'))
    .map((arg) => pathOf(arg, folder))
    .find((path) => path !== undefined && isKit(path))
}

/** By its name: whether it is a kit indeed, and whose, the engine finds out. */
export function isKit(path: string): boolean {
  return KIT.test(path) && existsSync(path) && statSync(path).isFile()
}

function pathOf(arg: string, folder: string): string | undefined {
  if (!/^file:/i.test(arg)) return resolve(folder, arg)
  try {
    return fileURLToPath(arg)
  } catch {
    // It names another host, or nothing that can be a path.
    return undefined
  }
}

/** The file that the person opened Coffer with. It stays until the window is done with it, also when its page is loaded again. */
export interface OpenedFile {
  /** A later one takes its place. */
  open(path: string): void
  path(): string | undefined
  /** The window is done with this one. */
  forget(path: string): void
}

/** `announce` tells a window that is there already. */
export function openedFile(announce: () => void): OpenedFile {
  let opened: string | undefined
  return {
    open(path) {
      opened = path
      announce()
    },
    path: () => opened,
    forget(path) {
      if (path === opened) opened = undefined
    },
  }
}
