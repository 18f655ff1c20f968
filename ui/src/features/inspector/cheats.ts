// Every way to emit that Socket.IO has, and what of Confab uses it. Those that a client can cause are run in a sandbox: a
// private room with nobody else in it.

import { t } from '../../lib/locale/locale.svelte';
import type { PlainKey } from '../../lib/locale/message';
import type { App } from '../../state/app.svelte';
import type { RoomState } from '../../state/room.svelte';

export interface Cheat {
  id: string;
  /** As it stands in code. */
  code: string;
  what: PlainKey;
  /** The events to look for; none where nothing uses it yet. */
  watch: readonly string[];
  run?: (app: App, sandbox: RoomState) => Promise<unknown>;
}

export const SANDBOX = 'sandbox';
const THUMB = '👍';

const send = (app: App, { info }: RoomState): Promise<unknown> => app.port.send({ room: info.id, text: t('cheat.hello') });

export const CHEATS: readonly Cheat[] = [
  { id: 'socket', code: "socket.emit('workspace:ready', …)", what: 'cheat.socket', watch: ['workspace:ready', 'lobby:ready'] },
  { id: 'ack', code: "socket.emit('message:send', …, (answer) => …)", what: 'cheat.ack', watch: ['message:send'], run: send },
  { id: 'timeout', code: "socket.timeout(4000).emit('link:ping', {}, (error) => …)", what: 'cheat.timeout', watch: ['link:ping'], run: async (app) => app.port.inspector.ping() },
  { id: 'room', code: "io.to(room).emit('room:entry', …)", what: 'cheat.room', watch: ['room:entry'], run: react },
  { id: 'others', code: "socket.to(room).emit('typing:changed', …)", what: 'cheat.others', watch: ['typing:set', 'typing:changed'], run: type },
  { id: 'volatile', code: "socket.volatile.emit('typing:set', …)", what: 'cheat.volatile', watch: ['typing:set'], run: type },
  { id: 'broadcast', code: "socket.broadcast.emit('presence:changed', …)", what: 'cheat.broadcast', watch: ['presence:changed', 'presence:batch'] },
  { id: 'devices', code: "io.to(userId).emit('unread:changed', …)", what: 'cheat.devices', watch: ['read:mark', 'read:changed', 'unread:changed'], run: (app, { info, head }) => app.port.markRead(info.id, head) },
  { id: 'join', code: "socket.join(room)", what: 'cheat.join', watch: ['room:join', 'room:members'], run: (app, { info }) => app.port.roomMembers(info.id) },
  { id: 'namespace', code: "io.of('/general').on('connection', …)", what: 'cheat.namespace', watch: ['workspace:ready'] },
  { id: 'refusal', code: "answer({ ok: false, error: { code: 'not_found' } })", what: 'cheat.refusal', watch: ['room:members'], run: refuse },
  { id: 'union', code: "io.to(a).to(b).emit(…)", what: 'cheat.union', watch: [] },
  { id: 'except', code: "io.except(room).emit(…)", what: 'cheat.except', watch: [] },
  { id: 'direct', code: "io.to(socketId).emit('message:ephemeral', …)", what: 'cheat.direct', watch: [] },
  { id: 'local', code: "io.local.emit('notice:posted', …)", what: 'cheat.local', watch: [] },
  { id: 'compress', code: "socket.compress(false).emit(…)", what: 'cheat.compress', watch: [] },
  { id: 'binary', code: "socket.emit('…', new Uint8Array(8))", what: 'cheat.binary', watch: [] },
];

/** The sandbox of the open workspace: only one in which nobody else would be disturbed. */
export function sandboxOf(app: App): RoomState | null {
  const rooms = [...(app.workspace?.rooms.values() ?? [])];
  return rooms.find(({ info }) => info.name === SANDBOX && info.kind === 'private' && info.members <= 1 && !info.archived) ?? null;
}

/** Makes it, and shows it. */
export async function makeSandbox(app: App): Promise<void> {
  const made = await app.attempt(() => app.port.createRoom({ name: SANDBOX, kind: 'private', topic: t('inspector.sandbox_topic') }));
  if (made) app.enter(made);
}

/** Puts a reaction on the last message, or takes it away; where there is none yet, writes one. */
async function react(app: App, room: RoomState): Promise<unknown> {
  const last = room.timeline.all.findLast((item) => item.kind === 'message' && item.id !== undefined && !item.deleted);
  if (last?.kind !== 'message' || last.id === undefined) return send(app, room);
  return app.port.react(room.info.id, last.id, THUMB, !last.reactions.some(({ emoji }) => emoji === THUMB));
}

/** On, and off at once: nobody is there who would wait for the rest. */
async function type(app: App, { info }: RoomState): Promise<void> {
  await app.port.setTyping(info.id, true);
  await app.port.setTyping(info.id, false);
}

/** The refusal is what one came for. */
function refuse(app: App): Promise<unknown> {
  return app.port.roomMembers('no-such-room').catch(() => undefined);
}
