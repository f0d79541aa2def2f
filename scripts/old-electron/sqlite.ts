/*
 * Stands in for node:sqlite on a runtime from before it (Electron 33): the same functions, out of an N-API module. Tests alone
 * load it.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Where the test runtime keeps its modules, out of reach of the bundle's imports (scripts/build-target.ts). */
declare const TEST_MODULES: string
const runtimeRequire = createRequire(join(TEST_MODULES, 'here.js'))
const sqlite = runtimeRequire('@photostructure/sqlite') as typeof import('node:sqlite')

export const { backup, constants, DatabaseSync } = sqlite
