import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Where a program or a worker of Coffer's own lies: its bundle beside this one or, where this is a shared part, a folder
 * above; in development its source, named from `electron/` on.
 */
export function builtProgram(bundle: string, source: string): string {
  const here = import.meta.dirname
  const bundles = [join(here, bundle), join(here, '..', bundle)]
  return bundles.find((path) => existsSync(path)) ?? join(here, '..', source)
}
