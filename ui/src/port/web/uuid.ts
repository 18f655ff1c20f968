// UUIDv7, so that the ids of later writes sort later. `crypto.randomUUID` exists only in secure contexts, and makes
// version 4; a server on the LAN is often neither.

export function uuid7(now: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
