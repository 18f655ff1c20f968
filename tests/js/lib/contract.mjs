// docs/asyncapi.json as a judge: what the server really says is held against what the file says of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';

export const contract = JSON.parse(readFileSync(new URL('../../../docs/asyncapi.json', import.meta.url), 'utf8'));

// Formats say how Rust stores a number; ajv does not know them. The times' form is looked at in the scenarios.
const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addSchema(contract, 'contract', undefined, false);
const judges = new Map();

/** Throws unless the file describes this message of this namespace, and the body fits. */
export function held(namespace, message, body) {
  const channel = namespace === '/' ? 'lobby' : 'workspace';
  const at = `#/channels/${channel}/messages/${message}`;
  assert.ok(contract.channels[channel].messages[message], `${at} is not in docs/asyncapi.json`);
  if (!judges.has(at)) judges.set(at, ajv.compile({ $ref: `contract${at}/payload` }));
  const judge = judges.get(at);
  assert.ok(judge(body), `${at}: ${ajv.errorsText(judge.errors)} in ${JSON.stringify(body)}`);
}
