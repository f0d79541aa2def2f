import { resolve } from 'node:path'

/** Where the rows of one run wait to be printed together. */
export const TABLE_FOLDER = resolve('.cache/results/tamper')

/** One kind of tampering, and what became of its cases. */
export interface Row {
  group: string
  tried: number
  refused: number
  /** The content came, bit for bit, because what was changed protects nothing. */
  harmless: number
  /** Only after the person allowed a format that proves nothing. */
  unprovable: number
  letThrough: number
}
