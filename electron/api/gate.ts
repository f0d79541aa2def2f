import { CofferError } from '../base/errors.ts'

/**
 * Which paths a window may name: those alone that a person gave in a dialog or by dropping something. A host without a window
 * has no gate, and may name every path.
 */
export interface PathGate {
  mayRead(path: string): boolean | Promise<boolean>
  mayWrite(path: string): boolean | Promise<boolean>
  /** True if `path` may become the folder in which files are saved from now on. */
  mayBecomeSaveFolder(path: string): boolean | Promise<boolean>
  /** True if `path` may be opened as the data folder of This computer. It is, if its root key is here and only then. */
  mayOpenDataFolder(path: string): boolean | Promise<boolean>
}

type Way = keyof PathGate

interface Named {
  way: Way
  path: unknown
}

/** The paths in the inputs of each procedure that takes any. `stream:ID` names what the host itself holds. */
const PATHS: Partial<Record<string, (input: Record<string, unknown>) => Named[]>> = {
  'transfers.put': ({ paths }) => named('mayRead', paths),
  'transfers.measure': ({ paths }) => named('mayRead', paths),
  'transfers.get': ({ to }) => named('mayWrite', to),
  'objects.put': ({ paths }) => named('mayRead', paths),
  'objects.get': ({ to }) => named('mayWrite', to),
  'keys.import': ({ from }) => named('mayRead', pathIn(from, 'path')),
  'keys.restore': ({ from, dataDir }) => [
    ...named('mayRead', pathIn(from, 'path')),
    ...named('mayOpenDataFolder', dataDir),
  ],
  'local.open': ({ dataDir }) => named('mayOpenDataFolder', dataDir),
  'keys.export': ({ path }) => named('mayWrite', path),
  'keys.kit': ({ path, sheet }) => [...named('mayWrite', path), ...named('mayWrite', sheet)],
  'settings.set': ({ saveFolder }) => named('mayBecomeSaveFolder', saveFolder),
  'places.add': ({ connection }) => named('mayRead', pathIn(connection, 'caBundle')),
}

/**
 * Throws INVALID_INPUT if an input names a path that the gate does not let through. Stands before the check of the input's
 * shape, so that `input` may be anything; what has not the shape fails there.
 */
export async function checkPaths(gate: PathGate, procedure: string, input: unknown): Promise<void> {
  if (typeof input !== 'object' || input === null) return
  const fields = input as Record<string, unknown>
  // Every procedure that goes to a place takes a connection in its stead.
  const common = named('mayRead', pathIn(fields.place, 'caBundle'))
  for (const { way, path } of [...common, ...(PATHS[procedure]?.(fields) ?? [])]) {
    if (typeof path !== 'string' || (way === 'mayRead' && isStream(path))) continue
    if (!(await gate[way](path))) throw refusal(way, path)
  }
}

function named(way: Way, paths: unknown): Named[] {
  return [paths].flat().map((path: unknown) => ({ way, path }))
}

function pathIn(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined
}

function isStream(path: string): boolean {
  return /^stream:[\w-]+$/.test(path)
}

const REFUSALS: Record<Way, (path: string) => [message: string, hint: string]> = {
  mayRead: (path) => [`The window may not read this: ${path}`, 'Drop the file, or choose it in a dialog.'],
  mayWrite: (path) => [`The window may not save here: ${path}`, 'Choose another folder in Settings, or in the dialog.'],
  mayOpenDataFolder: (path) => [`The window may not open this folder: ${path}`, 'Open it by coffer up --data FOLDER.'],
  mayBecomeSaveFolder: (path) => [
    `Files cannot be saved here from a window: ${path}`,
    'Choose a folder of your own that is not hidden, such as Downloads.',
  ],
}

function refusal(way: Way, path: string): CofferError {
  const [message, hint] = REFUSALS[way](path)
  return new CofferError('INVALID_INPUT', message, { hint })
}
