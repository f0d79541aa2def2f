/** How a passphrase may be written otherwise and look the same. */
export const PASSPHRASE_FORMS = [
  'as-given',
  'trimmed',
  'nfc',
  'nfd',
  'nfkc',
  'without-bom',
  'with-bom',
  'without-nul',
] as const

export type PassphraseForm = (typeof PASSPHRASE_FORMS)[number]

const BOM = '\ufeff'

/**
 * The forms in which other programs may have taken the same passphrase, each once and the given one first: another Unicode
 * normal form (macOS and Windows differ), with a file's byte order mark or without it, UTF-16 taken for UTF-8, and without
 * the spaces around it. Each form that is tried costs one scrypt.
 */
export function formsOf(passphrase: string): { form: PassphraseForm; text: string }[] {
  const bare = passphrase.replaceAll(BOM, '')
  const all: [PassphraseForm, string][] = [
    ['as-given', passphrase],
    ['without-bom', bare],
    ['without-nul', bare.replaceAll('\0', '').replaceAll('\ufffd', '')],
    ['trimmed', bare.trim()],
    ['nfc', bare.normalize('NFC')],
    ['nfd', bare.normalize('NFD')],
    ['nfkc', bare.normalize('NFKC')],
    ['with-bom', BOM + bare],
  ]
  const seen = new Set<string>()
  return all
    .filter(([, text]) => text !== '' && !seen.has(text) && seen.add(text))
    .map(([form, text]) => ({ form, text }))
}
