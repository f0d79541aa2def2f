import type { DatabaseSync } from 'node:sqlite'

/*
 * Instruction files as a listing shows them. One holds the envelope of the object whose name it has, with a suffix, and belongs
 * to it; a folder's view and a search show the object alone. Like `ls`, this goes by name and size and asks nothing.
 */

/** The default suffix of the S3 Encryption Client. */
const SUFFIX = '.instruction'

/** No envelope is longer. */
const MOST_BYTES = 64 * 1024

/** True, in SQL, for a row `o` of `listed_objects` that may be an instruction file; an index holds those that are named so. */
const IS_NAMED_SO = `substr(o.name, -${SUFFIX.length}) = '${SUFFIX}'`

/** True, in SQL, for a row `o` whose object is in the same folder. */
const IS_INSTRUCTION_FILE = `(${IS_NAMED_SO} AND o.size <= ${MOST_BYTES} AND EXISTS (
  SELECT 1 FROM listed_objects AS owner WHERE owner.folder = o.folder AND owner.name > ''
    AND owner.name = substr(o.name, 1, length(o.name) - ${SUFFIX.length})))`

/** Added to a query of rows `o`: without instruction files. */
export const WITHOUT_INSTRUCTION_FILES = `AND NOT ${IS_INSTRUCTION_FILE}`

/** How many of a folder's objects are instruction files of others in it. */
export function openInstructionCount(db: DatabaseSync): (folder: number) => number {
  const count = db.prepare(
    `SELECT count(*) AS n FROM listed_objects AS o WHERE o.folder = ? AND ${IS_NAMED_SO} AND ${IS_INSTRUCTION_FILE}`,
  )
  return (folder) => Number(count.get(folder)?.['n'])
}
