import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { succeed } from './run.ts'

/** TLS in front of a plain server on loopback, under a certificate that is its own authority. */
export interface TlsFront {
  url: string
  /** PEM file to trust. */
  caFile: string
  close(): Promise<void>
}

/** A certificate for 127.0.0.1 that is its own authority, and its private key, in PEM. */
export interface OwnCertificate {
  key: Buffer
  cert: Buffer
  /** The certificate's file. */
  caFile: string
}

/** Makes one, in a folder. */
export async function ownCertificate(folder: string): Promise<OwnCertificate> {
  const [keyFile, caFile] = [join(folder, 'tls.key'), join(folder, 'tls.pem')]
  await succeed('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', caFile],
  ])
  return { key: await readFile(keyFile), cert: await readFile(caFile), caFile }
}

/** Puts TLS in front of `target` (an http URL); key and certificate are made in `folder`. */
export async function tlsFront(target: string, folder: string): Promise<TlsFront> {
  const { key, cert, caFile } = await ownCertificate(folder)
  const { hostname, port } = new URL(target)
  const server = createServer({ key, cert }, (client) => {
    const upstream = connect(Number(port), hostname)
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.pipe(upstream).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caFile,
    async close() {
      server.close()
      await once(server, 'close')
    },
  }
}
