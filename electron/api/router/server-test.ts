import { SERVER_CHECKS } from '../../base/server-checks.ts'
import { isAmazon } from '../../cloud/behaviour.ts'
import { testServer } from '../../cloud/server-test/server-test.ts'
import { failingModes } from '../../cloud/tested-behaviour.ts'
import type { Coffer, PlaceRef } from '../context.ts'
import { procedures, signalOf } from './base.ts'
import { recorded } from './recorded.ts'

const { places } = procedures

export const serverTestRouter = {
  testServer: places.testServer.handler(async ({ input, context: { coffer }, signal }) => {
    const { place, bucket, kmsKey } = input
    using vault = await coffer.openVault(place)
    const { s3, kms, server } = vault
    const found = await recorded(coffer, { what: 'place', place: vault.place, bucket }, () =>
      testServer({ s3, kms, bucket, kind: server.kind, kmsKey }, signalOf(signal)),
    )
    const test = { testedAt: Date.now(), bucket, server: found.server }
    coffer.serverFindings.replace(vault.place, test, found.findings)
    return { ...(await reportOf(coffer, place)), left: found.left }
  }),

  serverReport: places.serverReport.handler(({ input, context: { coffer } }) => reportOf(coffer, input.place)),
}

async function reportOf(coffer: Coffer, place: PlaceRef) {
  const id = await coffer.placeId(place)
  const findings = coffer.serverFindings.list(id)
  const test = coffer.serverFindings.lastTest(id)
  return {
    test: test === null ? null : { ...test, testedAt: new Date(test.testedAt) },
    findings: findings.map((finding) => ({ ...finding, title: SERVER_CHECKS[finding.check] })),
    failingModes: isForeign(coffer, place, id) ? failingModes(findings) : {},
  }
}

/** What one bucket of Amazon's refuses, another takes. A connection's id is its address, or `aws`. */
function isForeign(coffer: Coffer, place: PlaceRef, id: string): boolean {
  if (typeof place === 'object' && place.place === undefined) return id !== 'aws' && !isAmazon(id)
  return coffer.places.find(id).kind === 'compatible'
}
