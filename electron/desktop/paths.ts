import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The folder with everything that was built: beside this bundle or, where this is a shared part, a folder above. */
export const BUILT = existsSync(join(import.meta.dirname, 'engine.js'))
  ? import.meta.dirname
  : join(import.meta.dirname, '..')

/** What stands for the window where a desktop has no entry of the app: packaged beside the rest, else where it is drawn. */
export const ICON = [join(BUILT, 'icon.png'), join(BUILT, '..', 'resources', 'icons', '256x256.png')].find((path) =>
  existsSync(path),
)
