// A small company to look at and to test with. Everything is made from fixed times and a fixed seed.

import type { Item, Limits, Member, Place, Role, Room, ServerInfo, Start, User } from '../../bindings';
import { FakePort, memberOf, message, type FakeWorkspace, type FakeWorld } from './index';

const limits: Limits = {
  message_bytes: 16_384, frame_bytes: 131_072, file_bytes: 67_108_864, account_bytes: 10_737_418_240, messages_per_10s: 30, messages_burst: 60,
  events_per_10s: 100, searches_per_10s: 40, sign_in_failures: 10, sign_in_failures_per_address: 30, sockets_per_user: 20,
  connections_per_address: 2000, handshake_seconds: 10, attachments: 10,
};

export const serverInfo: ServerInfo = {
  id: 'srv', name: "Ada's computer", version: '0.1.0', protocol: 1, epoch: 'e1', setup_required: false, sign_up: 'invite',
  guests: true, limits,
};

/** That of a server's certificate. */
export const fingerprint = '3f9ac04127e85bd618f0a2d47c6ee13b905f42a87bd1360ce9f48a25d3710b6c';

export const ada: User = { id: 'u-ada', login: 'ada', display_name: 'Ada Okafor', role: 'owner', bot: false, guest: false };

export function person(login: string, display_name: string, presence: Member['presence'], role: Role = 'member'): Member {
  return { id: `u-${login}`, login, display_name, role, bot: false, guest: role === 'guest', presence };
}

export function room(name: string, changes: Partial<Room> = {}): Room {
  return {
    id: `r-${name}`, name, topic: '', kind: 'public', archived: false, members: 7, head: 0, read: 0, unread: 0, mentions: 0,
    muted: false, ...changes,
  };
}

export function startOf(changes: Partial<Start> = {}): Start {
  return {
    accounts: [], front: null, hosting: null, credentials: 'keyring',
    settings: { theme: 'system', compact: false, language: 'system', notifications: true, previews: true, close_to_tray: true }, can_host: true, can_add: true, ...changes,
  };
}

export function signedIn(place: Place = { workspace: null, room: null }): Start {
  const account = { address: 'http://192.168.1.7:7300', server_name: serverInfo.name, user: ada };
  return startOf({ accounts: [{ key: 'first', account, place }] });
}

/** A second server, with a workspace of these rooms, on which the same person has another name. */
export function elsewhere(rooms: Room[], items: Map<string, Item[]> = new Map()): FakePort {
  const user: User = { ...ada, id: 'u-adal', login: 'adal', display_name: 'Ada L', role: 'member' };
  const built = world(rooms, items, startOf());
  const [main] = built.workspaces;
  if (main) Object.assign(main, { me: memberOf(user), members: [memberOf(user), ...people()], workspace: { ...main.workspace, name: 'Ocean Lab' } });
  return new FakePort({ ...built, user, server: { ...serverInfo, id: 'srv-lab', name: 'Lab' } }, 'second', 'http://10.0.0.9:7300');
}

/** Signed in on two servers: the first one in front. */
export function onBoth(first: FakePort, second: FakePort): FakePort {
  first.world.start = { ...first.world.start, accounts: [first.seat(), second.seat()], front: first.key };
  first.beyond = second;
  return first;
}

export function people(): Member[] {
  return [
    memberOf(ada),
    { ...person('bo', 'Bo Lindqvist', 'online', 'admin'), status: 'Reviewing' },
    person('chen', 'Chen Wei', 'away'),
    person('dilara', 'Dilara Yıldız', 'online'),
    person('emre', 'Emre', 'offline', 'guest'),
    person('fatima', 'Fatima al-Hashimi-Rasmussen von und zu Hohenlohe', 'offline'),
    { ...person('deploys', 'Deploys', 'online'), bot: true },
  ];
}

/** A world with one workspace of these rooms and rows. */
export function world(rooms: Room[], items: Map<string, Item[]>, start: Start = signedIn()): FakeWorld {
  const members = people();
  const me = members[0] ?? memberOf(ada);
  const workspace: FakeWorkspace = {
    workspace: { slug: 'general', name: 'Northwind', icon: null, role: 'owner', open: false, unread: 0, mentions: 0 },
    me, rooms, members, items,
  };
  return { start, server: serverInfo, user: ada, workspaces: [workspace] };
}

/** `count` messages in turn, a minute apart, the last one at `until`. */
export function chatter(count: number, until: Date): Item[] {
  const authors = ['u-ada', 'u-bo', 'u-bo', 'u-chen', 'u-dilara', 'u-dilara', 'u-dilara'];
  return Array.from({ length: count }, (_, i) => {
    const seq = i + 1;
    const author = authors[(i * 3 + (i >> 3)) % authors.length] ?? 'u-ada';
    const ts = new Date(until.getTime() - (count - seq) * 60_000).toISOString();
    return message(`${author}/c${seq}`, author, `Message number ${seq}${' and a little more text to wrap around'.repeat(i % 5 === 0 ? 6 : i % 3)}`, ts, seq);
  });
}
