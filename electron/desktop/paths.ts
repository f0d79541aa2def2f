import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The folder with everything that was built: beside this bundle or, where this is a shared part, a folder above. */
export const BUILT = existsSync(join(import.meta.dirname, 'engine.js'))
  ? import.meta.dirname
  : join(import.meta.dirname, '..')
