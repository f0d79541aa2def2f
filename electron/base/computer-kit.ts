/** The part of a recovery kit that opens the data folder of a This computer. The holder zeroes the root key. */
export interface ComputerKit {
  /** 32 bytes. */
  rootKey: Buffer
  /** The access key that other tools were given. */
  owner: { accessKeyId: string; secretAccessKey: string }
  /** Where the data folder was when the kit was made. */
  dataDir: string
  /** The folder's `kms.backup`: KMS's key material, sealed under a key that is derived from the root key. */
  kmsBackup: Buffer | null
}
