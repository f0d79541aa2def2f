import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { CofferError, isCofferError } from '../base/errors.ts'
import { askSecret } from './ask.ts'
import { listing, pairs } from './output.ts'
import { addShow, addTest } from './place-test.ts'
import { withCoffer } from './session.ts'
import type { GlobalOptions } from './session.ts'
import { EXIT_HELP } from './words.ts'

const EXAMPLES = `
A place is a server with its credentials, under a name. With a profile, credentials stay with the AWS CLI; a secret key
that is given here goes into this system's keychain, and is never an argument: it is asked for, or read from standard
input.

Examples
  coffer place add work --profile work --region eu-central-1
  coffer place add nas --endpoint-url https://nas.local:9000 --access-key-id AKIDEXAMPLE --ca-bundle ca.pem
  coffer place add team --profile team --bucket reports        keys that may use one bucket only
  coffer place sign-in work                with IAM Identity Center, in your browser
  coffer place test nas
  coffer place test nas --write --bucket private    find out what this server really does
  coffer place show nas
  coffer ls --place nas
  coffer place use nas
`

type Place = Awaited<ReturnType<CofferClient['places']['list']>>[number]

export function addPlace(program: Command): void {
  const place = program
    .command('place')
    .summary('servers to keep files on')
    .description('Places: where files can go. This computer is one from the start.')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
  addList(place)
  addAdd(place)
  addUse(place)
  addRemove(place)
  addTest(place)
  addShow(place)
  addSignIn(place)
}

function addList(place: Command): void {
  const command = place.command('list').description('the places that are known')
  command.action(() =>
    withCoffer(command, async ({ client, out, signal }) => {
      const columns = {
        NAME: ({ name, isDefault }: Place) => (isDefault ? `${name} (default)` : name),
        ID: ({ id }: Place) => id,
        WHERE: where,
        REGION: ({ region }: Place) => region,
        PROFILE: ({ profile }: Place) => profile ?? '',
      }
      listing(out, await client.places.list({}, { signal }), columns, 'No places.')
    }),
  )
}

function where({ kind, endpoint }: Place): string {
  if (kind === 'local') return 'this computer'
  return kind === 'aws' ? 'Amazon S3' : (endpoint ?? '')
}

function addAdd(place: Command): void {
  const command = place
    .command('add')
    .description('store a server once it has answered (--endpoint-url, --region, --profile, --ca-bundle say which)')
    .argument('<name>', 'what to call it')
    .option('--access-key-id <id>', 'use these keys; the secret is asked for, or read from standard input')
    .option('--bucket <bucket>', 'ask for this bucket instead of the list of buckets, which some keys may not see')
    .option('--keep-anyway', 'store it without asking the server, or though the server refuses')
    .action((name: string, { accessKeyId, bucket, keepAnyway }: AddOptions) =>
      withCoffer(command, async ({ client, out, signal }) => {
        const { endpointUrl, kmsEndpointUrl, ...rest } = command.optsWithGlobals<GlobalOptions>()
        const { region, profile, caBundle, requestPayer, expectedBucketOwner, proxy } = rest
        const connection = {
          endpoint: endpointUrl,
          kmsEndpoint: kmsEndpointUrl,
          region,
          profile,
          caBundle,
          requestPayer,
          expectedBucketOwner,
          proxy: proxy === 'none' ? '' : proxy,
        }
        const keys =
          accessKeyId === undefined
            ? undefined
            : { accessKeyId, secretAccessKey: await askSecret('Secret access key: ', signal) }
        const added = await client.places
          .add({ name, connection, keys, bucket, keepAnyway }, { signal })
          .catch(sayNotStored)
        out.result(added, [
          `Added the place ${added.name}.`,
          ...pairs({ Endpoint: added.endpoint, Region: added.region, Profile: added.profile }),
        ])
        out.note(`See all that it can do: coffer place test ${added.name}`)
      }),
    )
}

interface AddOptions {
  accessKeyId?: string
  bucket?: string
  keepAnyway?: boolean
}

/** Throws what a place failed of, with what a person can do about the place itself. */
function sayNotStored(error: unknown): never {
  if (!isCofferError(error) || error.facts.place !== 'not-stored') throw error
  const { code, message, hint, facts, cause } = error
  const more = 'Nothing was stored. To store the place as it is: --keep-anyway.'
  throw new CofferError(code, message, { hint: `${hint} ${more}`, facts, cause })
}

function addUse(place: Command): void {
  const command = place
    .command('use')
    .description('make a place the one where files go when none is named; local is This computer')
    .argument('<place>', 'its name or id')
    .action((name: string) =>
      withCoffer(command, async ({ client, out, signal }) => {
        const used = await client.places.makeDefault({ place: name }, { signal })
        out.result(used, `Files go to ${used.name} when no place is named.`)
      }),
    )
}

function addRemove(place: Command): void {
  const command = place
    .command('remove')
    .description('forget a place; what is stored there stays there')
    .argument('<place>', 'its name or id')
    .action((name: string) =>
      withCoffer(command, async ({ client, out, signal }) => {
        await client.places.remove({ place: name }, { signal })
        out.result({ removed: name }, `Removed the place ${name}. What is stored there stays there.`)
      }),
    )
}

function addSignIn(place: Command): void {
  const command = place
    .command('sign-in')
    .description(
      "sign in to IAM Identity Center, as a profile of the AWS configuration says; AWS's tools are then, too",
    )
    .argument('[profile]', 'its name', 'default')
    .action((profile: string) =>
      withCoffer(command, async ({ client, out, signal }) => {
        for await (const step of await client.places.signIn({ profile, open: out.interactive }, { signal })) {
          if (step.kind === 'done') out.result({ profile, signedIn: true }, `Signed in as ${profile} says.`)
          else out.note(`Open ${step.url}\nand confirm that it shows ${step.code}.`)
        }
      }),
    )
}
