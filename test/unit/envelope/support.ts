import { CofferError } from '../../../electron/base/errors.ts'
import type { Opener, Sealer } from '../../../electron/envelope/stream.ts'

export function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

/** The CofferError that this throws; anything else that it throws, or nothing, fails the test. */
export function failure(run: () => unknown): CofferError {
  try {
    run()
  } catch (error) {
    if (error instanceof CofferError) return error
    throw new Error('It threw something that is not a CofferError.', { cause: error })
  }
  throw new Error('It did not throw.')
}

/** Cuts bytes at these places (taken modulo the length), in order. */
export function chunked(bytes: Buffer, cuts: number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

export function run(cipher: Opener | Sealer, chunks: Buffer[]): Buffer {
  return Buffer.concat([...chunks.map((chunk) => cipher.update(chunk)), cipher.final()])
}

/** HKDF known answers of the key-committing suite: rows 1 and 2 are the official clients' vectors, row 3 is from a PHP test. */
export const HKDF_ANSWERS = [
  {
    dataKey: '80d90dc4cc7e77d8a6332efa44eba56230a7fe7b89af37d1e501ab2e07c0a163',
    messageId: 'b8ea76bed24c7b85382a148cb9dcd1cfdfb765f55ded4dfa6e0c4c79',
    contentKey: '6dd14f546cc006e639126e83f5d4d1b118576bb5df97f38c6fb3a1db87bbc338',
    commitment: 'f89818bc0a346d3a3426b68e9509b6b2ae5fe1f904aa329fb73625db',
  },
  {
    dataKey: '501afb8227d22e75e68010414b8abdaf3064c081e8e922dafef4992036394d60',
    messageId: '61a00b4981a5aacfd136c55cb726e32d2a547dc7600a7d4675c69127',
    contentKey: 'e14786a714748d1d2c3a4a6816dec56ddf1881bbeabb4f39420ffb9f63700b2f',
    commitment: '5c1e73e47f6fe3a70d6d094283aceaa76d2975feb829212d88f0afc1',
  },
  {
    dataKey: 'f331a37a67de41312aba59889b0a7153beddc8c1603e4b307244c12f7960ebbb',
    messageId: '61678bbe745d80302928e5b5a82ba73de86deb959824b4342da62443',
    contentKey: '5c8bc1c3d2d866f3724143a0d48ddc134cd1088312313d503497eac33cca6d4a',
    commitment: 'abe6c3a3f7223dddbbceaa382a1bdbdbf064746b7898aec3a0f4c1ae',
  },
] as const
