/* How strong a passphrase is, for every host. */
export { strengthOf, type Strength } from '../../base/passphrase-strength.ts'
