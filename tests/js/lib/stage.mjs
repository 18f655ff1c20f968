// What the Rust harness tells a scenario: where the server is, and who the three people are.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';

if (!process.env.CONFAB_STAGE) throw new Error('CONFAB_STAGE is missing: run this through cargo test');

export const stage = JSON.parse(process.env.CONFAB_STAGE);

/** One call under /api/v1: {status, body}. */
export async function call(method, path, { token, body } = {}) {
  const answer = await fetch(`${stage.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  });
  const text = await answer.text();
  let parsed = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not every answer is JSON; the status says enough then.
  }
  return { status: answer.status, body: parsed };
}

let answers;

/** Asks the harness for something, and waits until it is done: `kill` and `launch` the server, `freeze` and `thaw` it, … */
export async function harness(order) {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  console.log(`please ${order}`);
  const { value } = await answers.next();
  assert.equal(value, 'done');
}
