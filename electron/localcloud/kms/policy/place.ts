import { KmsError } from '../../request.ts'

/** Where in a policy document something is, as JavaScript would name it: `Statement[1].Condition.Bool["aws:username"]`. */
function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((place, step) => {
    if (typeof step === 'number') return `${place}[${String(step)}]`
    const name = String(step)
    if (!/^[A-Za-z_]\w*$/.test(name)) return `${place}[${JSON.stringify(name)}]`
    return place === '' ? name : `${place}.${name}`
  }, '')
}

/** MalformedPolicyDocumentException with the place and the reason. */
export function malformed(path: readonly PropertyKey[], why: string): KmsError {
  const place = placeOf(path)
  return new KmsError('MalformedPolicyDocumentException', place === '' ? why : `${place}: ${why}`)
}
