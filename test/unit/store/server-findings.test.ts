import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../electron/store/database.ts'
import { openServerFindings } from '../../../electron/store/server-findings.ts'
import type { ServerFinding } from '../../../electron/base/server-checks.ts'
import { testFolder } from './folder.ts'

const LIES: ServerFinding = { check: 'sse-c.put', outcome: 'wrong', detail: 'It was read without the key.' }
const SAYS: ServerFinding = { check: 'sse-s3.put', outcome: 'reported', detail: 'The server says AES256.' }
const KEEPS: ServerFinding = { check: 'metadata.exact', outcome: 'holds', detail: '' }

function open() {
  const db = openDatabase(testFolder())
  onTestFinished(() => db.close())
  return { db, findings: openServerFindings(db) }
}

test('a whole test replaces what was known, and is listed in the order of the checks', () => {
  const { findings } = open()
  findings.learn('nas', { check: 'sub-resource.tagging', outcome: 'holds', detail: '' })
  expect(findings.lastTest('nas')).toBeNull()
  const test = { testedAt: 1_000, bucket: 'b', server: 'VERSITYGW' }
  findings.replace('nas', test, [KEEPS, LIES, SAYS])
  expect(findings.lastTest('nas')).toEqual(test)
  expect(findings.list('nas')).toEqual([SAYS, LIES, KEEPS])
  expect(findings.find('nas', 'sub-resource.tagging')).toBeNull()
  expect(findings.list('another')).toEqual([])
})

test('what a request shows later stands in place of what the test found', () => {
  const { findings } = open()
  findings.replace('nas', { testedAt: 1, bucket: 'b', server: undefined }, [SAYS])
  findings.learn('nas', { ...SAYS, outcome: 'wrong' })
  expect(findings.find('nas', 'sse-s3.put')?.outcome).toBe('wrong')
  expect(findings.lastTest('nas')?.server).toBeUndefined()
})

test('a place that is forgotten takes its findings along', () => {
  const { findings } = open()
  findings.replace('nas', { testedAt: 1, bucket: 'b', server: undefined }, [SAYS])
  findings.learn('other', LIES)
  findings.forget('nas')
  expect([findings.list('nas'), findings.lastTest('nas'), findings.list('other')]).toEqual([[], null, [LIES]])
})

test('a check that another version of Coffer knows is left alone', () => {
  const { db, findings } = open()
  db.exec("INSERT INTO server_findings VALUES ('nas', 'of-the-future', 'holds', '')")
  findings.learn('nas', SAYS)
  expect(findings.list('nas')).toEqual([SAYS])
})
