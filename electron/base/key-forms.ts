/** How the bytes of a key can be written down. `raw`: the bytes themselves; `text`: 32 characters that are the bytes. */
export const KEY_FORMS = ['raw', 'text', 'hex', 'base64', 'pem', 'der', 'jwk'] as const

export type KeyForm = (typeof KEY_FORMS)[number]

/** The forms of a symmetric key that a person can insist on. */
export const SYMMETRIC_FORMS = ['raw', 'hex', 'base64'] as const

export type SymmetricForm = (typeof SYMMETRIC_FORMS)[number]
