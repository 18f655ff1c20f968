// Named steps, printed as they pass, so that a failure says how far it came.

import { randomBytes } from 'node:crypto';
import { closeAll } from './device.mjs';

/** Runs the steps in order and exits: 0 when all passed. */
export async function scenario(steps) {
  let code = 0;
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step();
      console.log(`ok   ${name}`);
    } catch (error) {
      console.log(`FAIL ${name}`);
      console.error(error);
      code = 1;
      break;
    }
  }
  closeAll();
  process.exit(code);
}

/** A fresh client id: a UUIDv7. */
export function cid() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
