// Reads an AsyncAPI document from standard input, and prints what AsyncAPI's own parser found as JSON.
import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'

const { document, diagnostics } = await new Parser().parse(readFileSync(0, 'utf8'))
const problems = diagnostics.map(({ severity, code, path, message }) => ({
  severity,
  text: `${path.join('.')}: ${code}: ${message}`,
}))
const channels = document?.allChannels().map((channel) => channel.address()) ?? []
console.log(JSON.stringify({ valid: document !== undefined, problems, channels }))
