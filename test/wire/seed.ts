import { createHash } from 'node:crypto'

/** Chance that can be had again: what it gives depends on the seed and on what it is asked for, not on when. */
export interface Chance {
  /** In [0, 1). */
  number(what: string): number
  /** True in this share of the cases. */
  happens(what: string, share: number): boolean
  /** From `least` to `most`, both included. */
  integer(what: string, least: number, most: number): number
  pick<T>(what: string, from: readonly [T, ...T[]]): T
}

export function chanceOf(seed: string): Chance {
  const number = (what: string): number =>
    createHash('sha256').update(`${seed}\n${what}`).digest().readUInt32BE(0) / 2 ** 32
  return {
    number,
    happens: (what, share) => number(what) < share,
    integer: (what, least, most) => least + Math.floor(number(what) * (most - least + 1)),
    pick: (what, from) => from[Math.floor(number(what) * from.length)] ?? from[0],
  }
}
