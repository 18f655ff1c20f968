// docs/asyncapi.json is AsyncAPI 3 by the official schema, every reference in it leads somewhere, and it can refuse.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import Ajv from 'ajv';
import { contract, held } from './lib/contract.mjs';

const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json');
// The schema brings JSON Schema's own description along, which is why ajv must not have it already.
const validate = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false }).compile(schema);

function references(value, found = []) {
  if (value === null || typeof value !== 'object') return found;
  if (typeof value.$ref === 'string') found.push(value.$ref);
  for (const part of Object.values(value)) references(part, found);
  return found;
}

const find = (reference) => reference.slice(2).split('/').reduce((at, key) => at?.[key], contract);

test('it is AsyncAPI 3 by the official schema', () => {
  assert.equal(contract.asyncapi, '3.0.0');
  assert.ok(validate(contract), JSON.stringify(validate.errors, null, 2));
});

test('the official schema would refuse a document that is none', () => {
  assert.ok(!validate({ ...contract, channels: { lobby: { address: 7 } } }));
  assert.ok(!validate({ ...contract, operations: { 'a:b': { action: 'whisper' } } }));
});

test('every reference leads somewhere', () => {
  const all = references(contract);
  assert.ok(all.length > 300, `${all.length} references`);
  for (const reference of all) assert.ok(reference.startsWith('#/') && find(reference), reference);
});

test('every message belongs to an operation', () => {
  const used = new Set(references(contract.operations));
  for (const [channel, { messages }] of Object.entries(contract.channels)) {
    for (const key of Object.keys(messages)) assert.ok(used.has(`#/channels/${channel}/messages/${key}`), key);
  }
});

test('what the file does not describe is refused', () => {
  const good = { room: 'r', seq: 1, ts: '2026-11-21T09:30:00.000Z', kind: 'delete', id: 'm', author: 'u' };
  held('/general', 'room:entry', good);
  for (const bad of [{ ...good, kind: 'other' }, { ...good, seq: -1 }, { ...good, id: '' }, { ...good, room: undefined }]) {
    assert.throws(() => held('/general', 'room:entry', bad));
  }
  held('/', 'workspace:list.ack', { ok: false, error: { code: 'internal', message: 'x' } });
  assert.throws(() => held('/', 'workspace:list.ack', { ok: false, error: { code: 'teapot', message: 'x' } }));
  assert.throws(() => held('/', 'workspace:list.ack', { ok: true }));
  assert.throws(() => held('/', 'room:entry', good));
});
