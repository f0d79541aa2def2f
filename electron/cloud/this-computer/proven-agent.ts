import { randomBytes } from 'node:crypto'
import { Agent, type AgentOptions } from 'node:http'
import { connect, type Socket } from 'node:net'
import { equalBytes } from '../../base/bytes.ts'
import { CofferError } from '../../base/errors.ts'
import { CHALLENGE_HEADER, PROOF_HEADER, PROOF_PATH, serverProof } from '../../base/server-proof.ts'

/** Milliseconds for the server to answer the challenge. */
const PATIENCE = 10_000
/** Longest answer to a challenge, in bytes. */
const MAX_HEAD = 4096

/**
 * An agent for This computer alone. A connection carries requests only after the process at its other end has proven that
 * it knows the owner's secret: a server ends when nobody asks it anything, and its port is then anybody's on this machine,
 * who would be sent files and customer keys. The proof is asked for on every connection and holds for that one.
 */
export function provenAgent(secretAccessKey: string, options: AgentOptions): Agent {
  const agent = new Agent(options)
  agent.createConnection = (target, done) => {
    const socket = connect({ host: target.host ?? '127.0.0.1', port: Number(target.port), noDelay: true })
    prove(socket, secretAccessKey).then(
      () => done?.(null, socket),
      (error: unknown) => {
        socket.on('error', () => undefined).destroy()
        done?.(error as Error, socket)
      },
    )
    return undefined
  }
  return agent
}

async function prove(socket: Socket, secretAccessKey: string): Promise<void> {
  const host = await connected(socket)
  const proof = proofOf(secretAccessKey, host, socket.remotePort ?? 0)
  socket.write(proof.request)
  proof.require(await readHead(socket))
}

/** One challenge, for one connection. */
export interface Proof {
  request: string
  /** Throws LOCAL_SERVER unless this is the head of an answer that proves it. */
  require(head: string): void
  /** What it is to be given no answer. */
  failure(): CofferError
}

/** `host`: whom the connection reached, as a header says it, at `port`. */
export function proofOf(secretAccessKey: string, host: string, port: number): Proof {
  const challenge = randomBytes(32).toString('hex')
  return {
    request: `GET ${PROOF_PATH} HTTP/1.1\r\nHost: ${host}\r\n${CHALLENGE_HEADER}: ${challenge}\r\n\r\n`,
    require(head) {
      const [, given = ''] = new RegExp(`^${PROOF_HEADER}: ([0-9a-f]{64})\r?$`, 'im').exec(head) ?? []
      const expected = serverProof(secretAccessKey, challenge, port)
      if (!equalBytes(expected, Buffer.from(given, 'hex'))) throw impostor()
    },
    failure: impostor,
  }
}

function connected(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(`${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`)
    })
  })
}

/** Reads an answer without a body, and not a byte more. */
function readHead(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = ''
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      socket.off('data', take).off('error', fail).off('close', fail)
      act()
    }
    const fail = (): void => settle(() => reject(impostor()))
    const take = (piece: Buffer): void => {
      head += piece.toString('latin1')
      if (head.endsWith('\r\n\r\n')) settle(() => resolve(head))
      else if (head.length > MAX_HEAD) fail()
    }
    const timer = setTimeout(fail, PATIENCE)
    socket.on('data', take).on('error', fail).on('close', fail)
  })
}

function impostor(): CofferError {
  return new CofferError('LOCAL_SERVER', "What answers at this address is not this computer's server.", {
    hint: 'Nothing was sent to it. Try again: the server is started anew.',
  })
}
