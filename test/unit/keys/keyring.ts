/** Tests of the keychain need a real one. They fail without it, rather than claim what they have not seen. */
export function requireKeyring(): void {
  if (process.platform !== 'linux' || process.env['COFFER_TEST_KEYRING'] === 'ready') return
  throw new Error('These tests need a keyring. Run them by: bash scripts/with-keyring.sh vitest run --project unit')
}
