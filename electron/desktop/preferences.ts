import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as z from 'zod'

const schema = z.object({
  /** On closing the window: keep running in the tray, or quit. Missing until the person was asked. */
  closeToTray: z.boolean().optional(),
  /** The folder of the last file or folder that was opened in a dialog. */
  openFolder: z.string().optional(),
  /** The folder that was last saved into in a dialog, and the folder for saved files in Settings at that time. */
  saveFolder: z.string().optional(),
  usualSaveFolder: z.string().optional(),
})

type Values = z.infer<typeof schema>

/** What the main process remembers from start to start. Nothing of it is secret. */
export interface Preferences {
  get(): Readonly<Values>
  set(changes: Values): void
}

/** Keeps them in `file`; one that cannot be read counts as empty. */
export function openPreferences(file: string): Preferences {
  let values = readValues(file)
  return {
    get: () => values,
    set(changes) {
      values = { ...values, ...changes }
      try {
        const draft = `${file}.new`
        writeFileSync(draft, `${JSON.stringify(values)}\n`, { mode: 0o600 })
        renameSync(draft, file)
      } catch {
        // They hold until the app ends.
      }
    },
  }
}

function readValues(file: string): Values {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return {}
  }
}
