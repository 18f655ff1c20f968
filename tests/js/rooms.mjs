// Rooms: public, private and direct; joining, inviting, kicking, leaving, changing, archiving, deleting.

import assert from 'node:assert/strict';
import { arrive } from './lib/device.mjs';
import { cid, scenario } from './lib/check.mjs';
import { stage } from './lib/stage.mjs';

let ada, bob, cem, tea, vault;
const say = (who, room, text) => who.hall.ok('message:send', { room: room.id, cid: cid(), text });

await scenario({
  'three people come': async () => {
    [ada, bob, cem] = await Promise.all([stage.ada, stage.bob, stage.cem].map((person) => arrive(person)));
  },

  'a public room: everybody may see and join it': async () => {
    ({ room: tea } = await ada.hall.ok('room:create', { name: 'tea', kind: 'public', topic: 'Green or black?' }));
    assert.deepEqual([tea.name, tea.kind, tea.topic, tea.members], ['tea', 'public', 'Green or black?', 1]);
    await bob.hall.next('room:added', ({ room }) => room.id === tea.id);
    const { rooms } = await bob.hall.ok('room:list', {});
    assert.ok(rooms.some(({ id }) => id === tea.id));
    await bob.hall.refused('conflict', 'room:create', { name: 'tea', kind: 'public' });
    for (const name of ['', '-tea', 'Tea', 'tea room', 'x'.repeat(65)]) {
      await bob.hall.refused('bad_request', 'room:create', { name, kind: 'public' });
    }
    await bob.hall.refused('bad_request', 'room:create', { name: 'pair', kind: 'direct' });
  },

  'the member count follows live': async () => {
    const joined = await bob.hall.ok('room:join', { room: tea.id });
    assert.deepEqual([joined.members, joined.online], [2, 2]);
    const changed = await ada.hall.next('room:changed', ({ room }) => room.id === tea.id && room.members === 2);
    assert.ok(changed);
    const entry = await ada.hall.next('room:entry', (e) => e.room === tea.id && e.kind === 'membership' && e.user === stage.bob.id);
    assert.deepEqual([entry.change, entry.author], ['joined', stage.bob.id]);
    await bob.hall.ok('room:leave', { room: tea.id });
    await ada.hall.next('room:changed', ({ room }) => room.id === tea.id && room.members === 1);
    const left = await ada.hall.next('room:entry', (e) => e.room === tea.id && e.kind === 'membership');
    assert.equal(left.change, 'left');
  },

  'a private room: to others it does not exist': async () => {
    ({ room: vault } = await ada.hall.ok('room:create', { name: 'vault', kind: 'private', members: [stage.bob.id] }));
    assert.deepEqual([vault.kind, vault.members], ['private', 2]);
    const added = await bob.hall.next('room:added', ({ room }) => room.id === vault.id);
    assert.equal(added.room.kind, 'private');
    const { rooms } = await cem.hall.ok('room:list', {});
    assert.ok(!rooms.some(({ id }) => id === vault.id));
    const foreign = await cem.hall.refused('not_found', 'room:join', { room: vault.id });
    const missing = await cem.hall.refused('not_found', 'room:join', { room: '0190-no-such-room' });
    assert.deepEqual(foreign, missing, 'foreign and missing look the same');
    for (const [event, body] of [
      ['room:sync', { after: 0, limit: 10 }],
      ['room:history', { limit: 10 }],
      ['room:members', {}],
      ['room:leave', {}],
      ['room:update', { topic: 'mine' }],
      ['room:delete', {}],
      ['room:invite', { users: [stage.cem.id] }],
      ['room:kick', { user: stage.bob.id }],
      ['message:send', { cid: cid(), text: 'let me in' }],
      ['read:mark', { seq: 1 }],
      ['typing:set', { on: true }],
    ]) {
      await cem.hall.refused('not_found', event, { room: vault.id, ...body });
    }
    await say(ada, vault, 'for the two of us');
    await bob.hall.next('room:entry', (e) => e.room === vault.id && e.kind === 'message');
    assert.deepEqual(await cem.hall.seen('room:entry', (e) => e.room === vault.id), []);
    assert.deepEqual(await cem.hall.seen('room:added', ({ room }) => room.id === vault.id), []);
  },

  'an invitation opens it': async () => {
    const { room } = await bob.hall.ok('room:invite', { room: vault.id, users: [stage.cem.id] });
    assert.equal(room.members, 3);
    const added = await cem.hall.next('room:added', (e) => e.room.id === vault.id);
    assert.equal(added.room.members, 3);
    const { messages } = await cem.hall.ok('room:history', { room: vault.id, limit: 10 });
    assert.equal(messages.at(-1).text, 'for the two of us');
    await say(ada, vault, 'hello Cem');
    await cem.hall.next('room:entry', (e) => e.room === vault.id && e.text === 'hello Cem');
  },

  'after a kick is acked, nothing later reaches the one concerned': async () => {
    await bob.hall.refused('forbidden', 'room:kick', { room: vault.id, user: stage.ada.id });
    await ada.hall.ok('room:kick', { room: vault.id, user: stage.cem.id });
    await cem.hall.next('room:removed', ({ room }) => (room.id ?? room) === vault.id);
    await cem.hall.settle();
    const later = await say(bob, vault, 'is he gone?');
    await ada.hall.next('room:entry', (e) => e.room === vault.id && e.seq === later.seq);
    assert.deepEqual(await cem.hall.seen('room:entry', (e) => e.room === vault.id), []);
    await cem.hall.refused('not_found', 'room:sync', { room: vault.id, after: 0, limit: 10 });
  },

  'after a leave is acked, nothing later reaches the one concerned': async () => {
    await bob.hall.ok('room:leave', { room: vault.id });
    await bob.hall.settle();
    const later = await say(ada, vault, 'alone at last');
    await ada.hall.next('room:entry', (e) => e.room === vault.id && e.seq === later.seq);
    assert.deepEqual(await bob.hall.seen('room:entry', (e) => e.room === vault.id), []);
  },

  'changing a room': async () => {
    await bob.hall.ok('room:join', { room: tea.id });
    const { room } = await ada.hall.ok('room:update', { room: tea.id, name: 'tea-2', topic: 'Oolong' });
    assert.deepEqual([room.name, room.topic], ['tea-2', 'Oolong']);
    await bob.hall.next('room:changed', (e) => e.room.id === tea.id && e.room.topic === 'Oolong');
    const entry = await bob.hall.next('room:entry', (e) => e.room === tea.id && e.kind === 'room');
    assert.deepEqual([entry.name, entry.topic, entry.author], ['tea-2', 'Oolong', stage.ada.id]);
    const { room: muted } = await bob.hall.ok('room:update', { room: tea.id, muted: true });
    assert.equal(muted.muted, true);
    const { rooms } = await ada.hall.ok('room:list', {});
    assert.equal(rooms.find(({ id }) => id === tea.id).muted, false, 'muting is the caller’s own');
    await ada.hall.refused('conflict', 'room:update', { room: tea.id, name: 'general' });
  },

  'an archived room takes no messages': async () => {
    await ada.hall.ok('room:update', { room: tea.id, archived: true });
    await bob.hall.next('room:changed', (e) => e.room.id === tea.id && e.room.archived === true);
    const reply = await bob.hall.request('message:send', { room: tea.id, cid: cid(), text: 'anybody?' });
    assert.equal(reply.ok, false, 'refused');
    assert.ok(['forbidden', 'conflict'].includes(reply.error.code), `a final code, not ${reply.error.code}`);
    await ada.hall.ok('room:update', { room: tea.id, archived: false });
    await say(bob, tea, 'back again');
  },

  'deleting a room is for admins, and for good': async () => {
    await bob.hall.refused('forbidden', 'room:delete', { room: tea.id });
    await ada.hall.ok('room:delete', { room: tea.id });
    await bob.hall.next('room:removed', ({ room }) => (room.id ?? room) === tea.id);
    await bob.hall.refused('not_found', 'room:history', { room: tea.id, limit: 10 });
  },

  'direct messages: the same people always get the same room': async () => {
    const { room } = await bob.hall.ok('direct:open', { users: [stage.cem.id] });
    assert.deepEqual([room.kind, room.members], ['direct', 2]);
    const { room: mirrored } = await cem.hall.ok('direct:open', { users: [stage.bob.id] });
    assert.equal(mirrored.id, room.id);
    const { room: three } = await bob.hall.ok('direct:open', { users: [stage.cem.id, stage.ada.id] });
    const { room: shuffled } = await ada.hall.ok('direct:open', { users: [stage.bob.id, stage.cem.id] });
    assert.equal(three.id, shuffled.id);
    assert.notEqual(three.id, room.id);
    await say(bob, room, 'just for you');
    await cem.hall.next('room:entry', (e) => e.room === room.id && e.text === 'just for you');
    await ada.hall.refused('not_found', 'room:history', { room: room.id, limit: 10 });
    assert.deepEqual(await ada.hall.seen('room:entry', (e) => e.room === room.id), []);
    await bob.hall.refused('bad_request', 'direct:open', { users: [] });
    await bob.hall.refused('not_found', 'direct:open', { users: ['0190-nobody'] });
  },
});
