// The seeds' path in the official client: lobby → workspace → room → history → live, and what the others see.
// CONFAB_TRANSPORTS is `websocket`, or `polling,websocket` for a connection that begins with long polling.

import assert from 'node:assert/strict';
import { Device, arrive } from './lib/device.mjs';
import { cid, scenario } from './lib/check.mjs';
import { stage } from './lib/stage.mjs';

const transports = (process.env.CONFAB_TRANSPORTS ?? 'websocket').split(',');
const RFC3339_UTC_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
let ada, bob, general, first;

await scenario({
  'join /: the server sends the namespaces': async () => {
    const device = new Device(stage.ada, { transports });
    const lobby = await device.enter('/');
    const home = await lobby.next('lobby:ready');
    assert.equal(lobby.names[0], 'lobby:ready', 'it is the first event after CONNECT');
    assert.equal(home.user.id, stage.ada.id);
    assert.equal(home.user.login, 'ada');
    for (const key of ['id', 'name', 'version', 'epoch']) assert.equal(typeof home.server[key], 'string', key);
    assert.equal(home.server.limits.message_bytes, 16 * 1024);
    const workspace = home.workspaces.find(({ slug }) => slug === 'general');
    assert.equal(workspace.role, 'owner');
    assert.deepEqual([workspace.unread, workspace.mentions, typeof workspace.open], [0, 0, 'boolean']);
    ada = { device, lobby, home };
  },

  'join a namespace on the same connection: the server sends the rooms': async () => {
    const hall = await ada.device.enter('/general');
    const ready = await hall.next('workspace:ready');
    assert.equal(hall.names[0], 'workspace:ready', 'it is the first event after CONNECT');
    assert.equal(hall.socket.io, ada.lobby.socket.io, 'one connection carries both namespaces');
    assert.equal(ready.workspace.slug, 'general');
    assert.equal(ready.me.id, stage.ada.id);
    assert.equal(ready.me.role, 'owner');
    assert.deepEqual(ready.rooms.map((room) => room.name).sort(), ['general', 'random']);
    for (const room of ready.rooms) {
      assert.equal(room.kind, 'public');
      assert.equal(room.archived, false);
      assert.equal(room.members, 3);
      assert.equal(ready.heads[room.id], room.head);
    }
    assert.deepEqual(ready.members.map((member) => member.login).sort(), ['ada', 'bob', 'cem']);
    const presence = Object.fromEntries(ready.members.map((member) => [member.login, member.presence]));
    assert.deepEqual(presence, { ada: 'online', bob: 'offline', cem: 'offline' });
    ada = { ...ada, hall, ready };
    general = ready.rooms.find((room) => room.name === 'general');
  },

  'long polling was upgraded': async () => {
    const { engine } = ada.device.manager;
    if (engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve));
    assert.equal(engine.transport.name, 'websocket');
    await ada.hall.ok('link:ping');
    await ada.lobby.ok('link:ping');
  },

  'everybody else hears who came': async () => {
    bob = await arrive(stage.bob, { transports });
    const came = await ada.hall.next('presence:changed', ({ user }) => user === stage.bob.id);
    assert.equal(came.state, 'online');
    assert.deepEqual(await bob.hall.seen('presence:changed', ({ user }) => user === stage.bob.id), []);
    assert.equal(bob.ready.members.find(({ login }) => login === 'ada').presence, 'online');
  },

  'a click on a room: join with an ack of the member count': async () => {
    const joined = await bob.hall.ok('room:join', { room: general.id, after: 0 });
    assert.equal(joined.members, 3);
    assert.equal(joined.online, 2);
    assert.equal(joined.room.id, general.id);
    assert.equal(joined.reset, false);
    assert.equal(joined.head, joined.entries.length, 'all of a short log fits');
    assert.deepEqual(joined.entries.map(({ seq }) => seq), joined.entries.map((_, i) => i + 1), 'without holes');
    const without = await bob.hall.ok('room:join', { room: general.id });
    assert.deepEqual(without.entries, [], 'no after: no entries are wanted');
    assert.equal(without.head, joined.head, 'joining again writes nothing');
    general.head = joined.head;
  },

  'send: committed, acked, and in every socket of the room, the sender’s too': async () => {
    const message = { room: general.id, cid: cid(), text: 'Hello, *world*!' };
    const sent = await bob.hall.ok('message:send', message);
    assert.deepEqual(Object.keys(sent).sort(), ['cid', 'id', 'ok', 'seq', 'ts']);
    assert.equal(sent.cid, message.cid);
    assert.equal(sent.seq, general.head + 1);
    assert.match(sent.ts, RFC3339_UTC_MS);
    for (const { hall } of [ada, bob]) {
      const entry = await hall.next('room:entry', ({ seq }) => seq === sent.seq);
      const { room, seq, ts, kind, id, author, text } = entry;
      assert.deepEqual(
        { room, seq, ts, kind, id, author, text, cid: entry.cid },
        { ...message, seq: sent.seq, ts: sent.ts, kind: 'message', id: sent.id, author: stage.bob.id },
      );
    }
    first = sent;
  },

  'history: the folded messages': async () => {
    const page = await ada.hall.ok('room:history', { room: general.id, limit: 50 });
    assert.equal(page.head, first.seq);
    assert.equal(page.start, true);
    const [message] = page.messages;
    assert.deepEqual(
      [page.messages.length, message.id, message.seq, message.text, message.author, message.deleted],
      [1, first.id, first.seq, 'Hello, *world*!', stage.bob.id, false],
    );
  },

  'unread counts reach the lobby of every device': async () => {
    const unread = await ada.lobby.next('unread:changed', (e) => e.room === general.id && e.head === first.seq);
    assert.deepEqual(unread, { workspace: 'general', room: general.id, head: first.seq, unread: 1, mentions: 0 });
  },

  'a read mark reaches the other devices of the same user': async () => {
    const phone = await arrive(stage.ada, { transports });
    assert.equal(phone.room('general').unread, 1);
    const marked = await ada.hall.ok('read:mark', { room: general.id, seq: first.seq });
    assert.equal(marked.read, first.seq);
    const changed = await phone.hall.next('read:changed');
    assert.deepEqual(changed, { room: general.id, read: first.seq, unread: 0, mentions: 0 });
    const unread = await phone.lobby.next('unread:changed', (e) => e.room === general.id && e.unread === 0);
    assert.equal(unread.workspace, 'general');
    const back = await ada.hall.ok('read:mark', { room: general.id, seq: 1 });
    assert.equal(back.read, first.seq, 'only ever forward');
    assert.deepEqual(await bob.hall.seen('read:changed'), [], 'nobody else’s business');
    phone.device.close();
  },

  'typing reaches the others in the room, not the sender': async () => {
    await ada.hall.settle();
    bob.hall.socket.emit('typing:set', { room: general.id, on: true });
    const typing = await ada.hall.next('typing:changed');
    assert.deepEqual(typing, { room: general.id, user: stage.bob.id, on: true });
    assert.deepEqual(await bob.hall.seen('typing:changed'), []);
    await bob.hall.ok('typing:set', { room: general.id, on: false });
    const stopped = await ada.hall.next('typing:changed');
    assert.equal(stopped.on, false);
  },

  'volatile and compress(false) are accepted': async () => {
    bob.hall.socket.volatile.emit('typing:set', { room: general.id, on: true });
    assert.equal((await ada.hall.next('typing:changed')).on, true);
    bob.hall.socket.compress(false).emit('typing:set', { room: general.id, on: false });
    assert.equal((await ada.hall.next('typing:changed')).on, false);
  },

  'presence and status': async () => {
    await bob.hall.ok('presence:set', { state: 'away', status: 'at lunch' });
    const away = await ada.hall.next('presence:changed', ({ user }) => user === stage.bob.id);
    assert.equal(away.state, 'away');
    await bob.hall.ok('presence:set', { state: 'online' });
    const back = await ada.hall.next('presence:changed', ({ user, state }) => user === stage.bob.id && state === 'online');
    assert.ok(back);
    const { members } = await ada.hall.ok('room:members', { room: general.id });
    assert.deepEqual(members.map(({ login }) => login).sort(), ['ada', 'bob', 'cem']);
  },

  'a rid is answered as an event too': async () => {
    const rid = 'rid-1';
    const reply = await bob.hall.ok('link:ping', { rid });
    const answered = await bob.hall.next('request:answered');
    assert.equal(answered.rid, rid);
    assert.deepEqual({ ...reply, rid }, { ...answered });
    bob.hall.socket.emit('room:join', { room: 'nowhere', rid: 'rid-2' });
    const refused = await bob.hall.next('request:answered');
    assert.deepEqual([refused.rid, refused.ok, refused.error.code], ['rid-2', false, 'not_found']);
    bob.lobby.socket.emit('workspace:list', { rid: 'rid-3' });
    const listed = await bob.lobby.next('request:answered');
    assert.deepEqual([listed.rid, listed.ok, Array.isArray(listed.workspaces)], ['rid-3', true, true]);
  },

  'create a workspace, and be in it at once': async () => {
    const laptop = await arrive(stage.ada, { transports });
    const { workspace } = await ada.lobby.ok('workspace:create', { slug: 'garden', name: 'Garden', icon: '🌱' });
    assert.deepEqual([workspace.slug, workspace.name, workspace.role], ['garden', 'Garden', 'owner']);
    const added = await laptop.lobby.next('workspace:added', (e) => e.workspace.slug === 'garden');
    assert.equal(added.workspace.icon, '🌱');
    const garden = await ada.device.enter('/garden');
    const ready = await garden.next('workspace:ready');
    assert.equal(ready.me.role, 'owner');
    assert.equal(ada.device.manager.engine, garden.socket.io.engine, 'still one connection');
    await ada.lobby.refused('conflict', 'workspace:create', { slug: 'garden', name: 'Again' });
    await ada.lobby.refused('bad_request', 'workspace:create', { slug: 'admin', name: 'Reserved' });
    await assert.rejects(bob.device.enter('/garden'), { message: 'not_found' });
    laptop.device.close();
  },

  'an open workspace can be joined and left': async () => {
    await ada.lobby.ok('workspace:create', { slug: 'plaza', name: 'Plaza', open: true });
    const { workspaces } = await bob.lobby.ok('workspace:list', {});
    assert.equal(workspaces.find(({ slug }) => slug === 'plaza').role, null);
    assert.equal(workspaces.find(({ slug }) => slug === 'garden'), undefined);
    const { workspace } = await bob.lobby.ok('workspace:join', { slug: 'plaza' });
    assert.equal(workspace.role, 'member');
    const plaza = await bob.device.enter('/plaza');
    assert.equal((await plaza.next('workspace:ready')).me.id, stage.bob.id);
    await bob.lobby.ok('workspace:leave', { slug: 'plaza' });
    await plaza.gone();
    await assert.rejects(new Device(stage.bob).enter('/plaza'), { message: 'not_found' });
    await bob.lobby.refused('not_found', 'workspace:join', { slug: 'garden' });
  },

  'leaving is seen by everybody else': async () => {
    bob.device.close();
    const left = await ada.hall.next('presence:changed', ({ user, state }) => user === stage.bob.id && state === 'offline');
    assert.ok(left);
  },
});
