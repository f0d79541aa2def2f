import { describe, expect, it } from 'vitest'
import { defaultName, emptyFields, missing, placeRequest } from '../../../../renderer/views/connect/connect.ts'

const keys = { accessKeyId: ' AKIA1 ', secretAccessKey: 's' }

describe('connecting a server', () => {
  it('says what is missing before anything is sent', () => {
    expect(missing(emptyFields())).toBe('Give the access key and its secret.')
    expect(missing({ ...emptyFields(), ...keys, kind: 'compatible', endpoint: 's3.example.org' })).toMatch(/https/)
    expect(missing({ ...emptyFields(), kind: 'aws-profile' })).toBeUndefined()
  })

  it('sends only what goes with the kind of server', () => {
    const fields = {
      ...emptyFields(),
      ...keys,
      endpoint: 'https://s3.example.org',
      profile: 'work',
      region: 'eu-west-1',
    }
    expect(placeRequest(fields)).toEqual({
      name: 'Amazon S3',
      connection: { region: 'eu-west-1' },
      keys: { accessKeyId: 'AKIA1', secretAccessKey: 's' },
    })
    expect(placeRequest({ ...fields, kind: 'aws-profile' })).toEqual({
      name: 'Amazon S3 · work',
      connection: { region: 'eu-west-1', profile: 'work' },
    })
  })

  it('is named after the server', () => {
    expect(defaultName({ ...emptyFields(), kind: 'compatible', endpoint: 'https://s3.example.org:9000/' })).toBe(
      's3.example.org:9000',
    )
  })
})
