// Every error code that a client can provoke, on a server with its default limits; and sessions that end.

import assert from 'node:assert/strict';
import { Device, arrive } from './lib/device.mjs';
import { cid, scenario } from './lib/check.mjs';
import { call, stage } from './lib/stage.mjs';

let ada, bob, room;

await scenario({
  'two people come': async () => {
    [ada, bob] = await Promise.all([arrive(stage.ada), arrive(stage.bob)]);
    room = ada.room('general').id;
  },

  'unauthorized: no token, a wrong one, one of another shape': async () => {
    for (const auth of [undefined, {}, { token: '' }, { token: 'x'.repeat(43) }, { token: 7 }, { token: null }, { token: { a: 1 } }]) {
      for (const namespace of ['/', '/general', '/no-such-place']) {
        await assert.rejects(new Device({ login: 'stranger' }).enter(namespace, auth ?? {}), { message: 'unauthorized' });
      }
    }
  },

  'not_found: unknown and foreign namespaces alike': async () => {
    await ada.lobby.ok('workspace:create', { slug: 'closed', name: 'Closed' });
    for (const namespace of ['/no-such-place', '/closed', '/GENERAL', '/general/x', '/%2e%2e']) {
      await assert.rejects(bob.device.enter(namespace), { message: 'not_found' });
    }
  },

  'unknown_event': async () => {
    for (const link of [ada.hall, ada.lobby]) {
      for (const event of ['room:explode', 'message', 'message:pins', 'command:register', 'x'.repeat(300), '']) {
        await link.refused('unknown_event', event, { room });
      }
    }
    await ada.lobby.refused('unknown_event', 'message:send', { room, cid: cid(), text: 'not here' });
    await ada.hall.refused('unknown_event', 'workspace:list', {});
    ada.hall.socket.emit('room:explode', { rid: 'odd' });
    const answered = await ada.hall.next('request:answered');
    assert.deepEqual([answered.rid, answered.error.code], ['odd', 'unknown_event']);
  },

  'bad_request': async () => {
    const bad = [
      ['message:send', {}],
      ['message:send', { room, cid: cid() }],
      ['message:send', { room, cid: cid(), text: 7 }],
      ['message:send', { room, cid: cid(), text: '   ' }],
      ['message:send', { room, cid: cid(), text: 'a\0b' }],
      ['message:send', { room, cid: '', text: 'a' }],
      ['message:send', { room, cid: 'x'.repeat(65), text: 'a' }],
      ['message:send', { room: { $ne: null }, cid: cid(), text: 'a' }],
      ['message:send_batch', { messages: 'all' }],
      ['room:sync', { room, after: -1, limit: 10 }],
      ['room:sync', { room, after: 'start', limit: 10 }],
      ['room:create', { name: 'x', kind: 'secret' }],
      ['presence:set', { state: 'invisible' }],
      ['direct:open', { users: Array.from({ length: 9 }, (_, i) => `user-${i}`) }],
      ['read:mark', { room }],
    ];
    for (const [event, body] of bad) await ada.hall.refused('bad_request', event, body);
    for (const odd of [null, [], 'text', 7, true, [[]], undefined]) {
      await ada.hall.refused('bad_request', 'room:join', odd);
    }
  },

  'too_large': async () => {
    await ada.hall.refused('too_large', 'message:send', { room, cid: cid(), text: 'ü'.repeat(8 * 1024 + 1) });
    await ada.hall.ok('message:send', { room, cid: cid(), text: 'ü'.repeat(8 * 1024) });
  },

  'forbidden and conflict': async () => {
    await bob.lobby.refused('forbidden', 'workspace:archive', { slug: 'general' });
    await bob.lobby.refused('forbidden', 'workspace:update', { slug: 'general', name: 'Mine' });
    await bob.lobby.refused('not_found', 'workspace:update', { slug: 'closed', name: 'Mine' });
    const again = await call('POST', '/setup', {
      body: { setup_token: stage.setup_token, server_name: 'x', login: 'eve', display_name: 'Eve', password: 'long enough' },
    });
    assert.deepEqual([again.status, again.body.error.code], [409, 'conflict']);
    const taken = await call('POST', '/accounts', {
      body: { login: 'ADA', display_name: 'Ada 2', password: 'long enough', invite: stage.invite },
    });
    assert.deepEqual([taken.status, taken.body.error.code], [409, 'conflict']);
  },

  'rate_limited: messages per user, over all sockets and batches': async () => {
    const codes = new Map();
    const second = await arrive(stage.bob);
    for (let i = 0; i < 40; i++) {
      for (const { hall } of [bob, second]) {
        const reply = await hall.request('message:send', { room, cid: cid(), text: `flood ${i}` });
        const code = reply.ok ? 'ok' : reply.error.code;
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (code === 'rate_limited') assert.ok(reply.error.retry_after_ms > 0, 'it says when');
      }
    }
    assert.deepEqual([...codes.keys()].sort(), ['ok', 'rate_limited']);
    assert.ok(codes.get('ok') >= 60 && codes.get('ok') < 78, `a burst of 60, then 3 a second: ${codes.get('ok')}`);
    const { results } = await bob.hall.ok('message:send_batch', {
      messages: Array.from({ length: 30 }, (_, i) => ({ room, cid: cid(), text: `batch ${i}` })),
    });
    assert.ok(results.some(({ error }) => error?.code === 'rate_limited'), 'each message of a batch counts');
    await ada.hall.ok('message:send', { room, cid: cid(), text: 'others are not slowed' });
  },

  'rate_limited: other events per socket': async () => {
    const { hall, device } = await arrive(stage.cem);
    const replies = await Promise.all(Array.from({ length: 150 }, () => hall.request('room:members', { room })));
    const refused = replies.filter(({ ok }) => !ok);
    assert.ok(refused.length >= 40 && refused.length <= 51, `about 50 of 150 are refused: ${refused.length}`);
    for (const { error } of refused) assert.equal(error.code, 'rate_limited');
    device.close();
  },

  'a revoked session: its sockets close within a second': async () => {
    const { body } = await call('POST', '/sessions', { body: { login: 'cem', password: stage.cem.password, device: 'phone' } });
    const phone = await arrive({ login: 'cem', token: body.token });
    const { body: list } = await call('GET', '/sessions', { token: body.token });
    const sessions = list.sessions ?? list;
    const own = sessions.find(({ current }) => current);
    assert.equal(own.device, 'phone');
    assert.ok(!JSON.stringify(sessions).includes(body.token), 'no token is ever told again');
    const began = Date.now();
    const ends = Promise.all([phone.lobby.gone(), phone.hall.gone()]);
    const deleted = await call('DELETE', `/sessions/${own.id}`, { token: stage.cem.token });
    assert.ok(deleted.status < 300, `${deleted.status}`);
    await phone.lobby.next('session:revoked');
    await ends;
    assert.ok(Date.now() - began < 2000, 'within a second, and one for a busy machine');
    await assert.rejects(new Device({ login: 'cem', token: body.token }).enter('/'), { message: 'unauthorized' });
    assert.equal((await call('GET', '/me', { token: body.token })).status, 401);
    assert.equal((await call('GET', '/me', { token: stage.cem.token })).status, 200);
  },

  'a wrong password and an unknown login look the same': async () => {
    const wrong = await call('POST', '/sessions', { body: { login: 'ada', password: 'not hers' } });
    const unknown = await call('POST', '/sessions', { body: { login: 'nobody', password: 'not hers' } });
    assert.deepEqual([wrong.status, wrong.body.error.code], [401, 'unauthorized']);
    assert.deepEqual(unknown, wrong);
  },
});
