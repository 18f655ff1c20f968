// Uploads of the web client against a server that is only an offset: what is lost on the way is sent again, and nothing
// else is.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Transfer, Update, Upload } from '../src/bindings';
import { WebFiles } from '../src/port/web/files';
import { Api } from '../src/port/web/http';
import { eventually } from './eventually';

const MIB = 1024 * 1024;
const SIZE = 2 * MIB + 5;

let server: { id: string; offset: number; begun: number; lose: number; hold?: Promise<void>; answer?: { status: number; code: string } };
let seen: Transfer[];
let files: WebFiles;

beforeEach(() => {
  server = { id: 'u1', offset: 0, begun: 0, lose: 0 };
  seen = [];
  vi.stubGlobal('fetch', vi.fn(serve));
  const emit = (update: Update) => void (update.type === 'transfer' && seen.push(update.transfer));
  files = new WebFiles(new Api('http://chat.test', (input, init) => fetch(input, init)), { emit });
});

afterEach(() => vi.unstubAllGlobals());

function told(): Upload {
  const done = server.offset === SIZE;
  const file = { id: 'f1', name: 'a.bin', mime: 'application/octet-stream', bytes: SIZE, sha256: '', thumb: false };
  return { id: server.id, offset: server.offset, bytes: SIZE, ...(done ? { file } : {}) };
}

async function serve(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const path = new URL(String(input)).pathname.replace('/api/v1', '');
  if (path === '/server') return Response.json({ limits: { file_bytes: 10 * MIB } });
  if (init?.method === 'POST') server.begun += 1;
  if (init?.method === 'DELETE') server.id = 'gone';
  if (init?.method === 'PATCH') {
    if (server.hold) await Promise.race([server.hold, aborted(init.signal)]);
    if (server.answer) return Response.json({ ok: false, error: { code: server.answer.code, message: 'no' } }, { status: server.answer.status });
    const at = Number(new Headers(init.headers).get('Upload-Offset'));
    if (at !== server.offset) return Response.json({ ok: false, error: { code: 'conflict', message: 'no' } }, { status: 409 });
    server.offset += (init.body as Blob).size;
    if (server.lose-- > 0) throw new TypeError('the answer is lost');
  }
  return Response.json(told());
}

function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, fail) => {
    const end = () => fail(new DOMException('aborted', 'AbortError'));
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end);
  });
}

async function upload(size = SIZE): Promise<string> {
  const { key } = await files.take(new File([new Uint8Array(size)], 'a.bin'));
  await files.upload(key);
  return key;
}

const last = () => seen.at(-1);
const becomes = (is: Transfer['state']['is']) => eventually(() => expect(last()?.state.is).toBe(is));

test('a lost answer is asked for, and nothing is sent twice', async () => {
  server.lose = 1;
  await upload();
  await becomes('done');
  expect(last()).toMatchObject({ moved: SIZE, bytes: SIZE, state: { file: { id: 'f1' } } });
  expect([server.offset, server.begun]).toEqual([SIZE, 1]);
  expect(seen.some(({ state }) => state.is === 'waiting')).toBe(true);
});

test('what is paused goes on from where it was, and what is cancelled is gone', async () => {
  let release = () => {};
  server.hold = new Promise((go) => (release = go));
  const key = await upload();
  await files.pause(key);
  await becomes('paused');
  release();
  delete server.hold;
  await files.resume(key);
  await becomes('done');
  expect(server.begun).toBe(1);
  await files.cancel(key);
  await expect(files.pause(key)).rejects.toMatchObject({ code: 'not_found' });
});

test('a refusal ends it until somebody tries again, and what is too large never begins', async () => {
  server.answer = { status: 400, code: 'bad_request' };
  const key = await upload();
  await becomes('failed');
  delete server.answer;
  await files.resume(key);
  await becomes('done');
  await expect(upload(11 * MIB)).rejects.toMatchObject({ code: 'too_large' });
  expect(server.begun).toBe(1);
});
