// What `?fake&scene=…` shows in the development server: each screen in each state, for looking at it.

import type { FileInfo, Item, Language, NearbyServer, Room, Update } from '../../bindings';
import { refusal } from '../../lib/error';
import { FakeDesktop } from './desktop';
import { FakePort, message } from './index';
import { FakeNearby } from './nearby';
import { chatter, elsewhere, fingerprint, onBoth, room, serverInfo, signedIn, startOf, world } from './world';

const LANGUAGES: readonly Language[] = ['system', 'de', 'ar'];
const MINUTE = 60_000;
const NAMES = ['start', 'credentials', 'setup', 'join', 'chat', 'empty', 'offline', 'long', 'big', 'nothing', 'markdown', 'people', 'files', 'servers', 'behind', 'busy', 'changed', 'uneven'] as const;
type Scene = (typeof NAMES)[number];

export function scene(params: URLSearchParams): FakePort {
  const name = NAMES.find((known) => known === params.get('scene')) ?? 'chat';
  const made = name === 'behind' ? behind(Number(params.get('unread') ?? 200)) : built(name);
  if (params.has('page')) made.page = Number(params.get('page'));
  const tls = params.get('tls');
  const port = tls === null ? new FakePort(made) : new FakePort(made, 'first', 'https://192.168.1.7:7300');
  if (tls !== null) port.proof = tls === 'unknown' ? { kind: 'unknown', fingerprint } : { kind: 'signed' };
  if (name === 'servers') onBoth(port, another());
  const theme = params.get('theme');
  if (params.has('desktop')) port.desktop = new FakeDesktop();
  if (name === 'start') port.nearby = new FakeNearby(port, params.has('alone') ? [] : neighbours());
  const language = params.get('language');
  port.world.start.settings = { theme: theme === 'dark' || theme === 'light' ? theme : 'system', compact: params.has('compact'), language: LANGUAGES.find((one) => one === language) ?? 'en', notifications: true, previews: true, close_to_tray: true };
  const typing: Update = { type: 'typing', slug: 'general', room: 'r-general', users: ['u-bo', 'u-dilara'] };
  if (name === 'chat') void port.opened.then(() => port.emit(typing));
  if (name === 'files') drawFiles(port);
  if (name === 'busy') keepBusy(port);
  if (params.has('held')) holdOlder(port);
  if (name === 'offline') void port.opened.then(() => goOffline(port));
  if (name === 'changed') void port.opened.then(() => changeCertificate(port));
  const gone = port.beyond ?? port;
  if (name === 'servers' && params.has('gone')) void gone.opened.then(() => goAway(gone));
  return port;
}

function built(name: Scene): FakePort['world'] {
  const now = new Date();
  switch (name) {
    case 'start':
      return world([], new Map(), startOf());
    case 'join':
      return { ...world([], new Map(), startOf({ can_host: false, can_add: false, credentials: 'browser' })) };
    case 'credentials':
      return world([], new Map(), startOf({ credentials: 'ask' }));
    case 'setup':
      return { ...world([], new Map(), startOf({ can_host: false, can_add: false, credentials: 'browser' })), server: { ...serverInfo, setup_required: true } };
    case 'nothing':
      return { ...world([], new Map()), workspaces: [] };
    case 'empty':
      return world([room('general', { members: 1 }), room('random')], new Map());
    case 'big':
      return { ...world([room('general', { head: 10_000, read: 10_000 })], new Map([['r-general', chatter(10_000, now)]])), page: 10_000 };
    case 'uneven':
      return uneven(now);
    case 'markdown':
      return markdown(now);
    case 'files':
      return withFiles(now);
    case 'people':
      return someIgnored(chat(now), now);
    case 'long':
      return long(now);
    default:
      return chat(now);
  }
}

/** What may stand on the network. */
function neighbours(): NearbyServer[] {
  return [
    { name: "Grace's Confab", address: 'http://192.168.1.7:7300', version: '0.1.0' },
    { name: 'Northwind, the office server of everybody on the fourth floor', address: 'http://192.168.1.40:7300', version: '0.1.0' },
  ];
}

/** Somebody comes back to so many messages. */
function behind(unread: number): FakePort['world'] {
  const head = unread + 200;
  return world([room('general', { head, read: head - unread, unread })], new Map([['r-general', chatter(head, new Date())]]));
}

/** A room where people write single words, and one where they write letters. */
function uneven(now: Date): FakePort['world'] {
  const said = (name: string, text: (seq: number) => string): [string, Item[]] => {
    const items = chatter(300, now).flatMap((item) => (item.kind === 'message' ? [{ ...item, key: `${name} ${item.key}`, text: text(item.seq ?? 0) }] : []));
    return [`r-${name}`, items];
  };
  const read = { head: 300, read: 300 };
  const letter = 'What was said at the meeting, and what we make of it. '.repeat(9);
  const made = world([room('general', read), room('letters', read), room('words', read)], new Map([
    said('general', (seq) => `Message number ${seq}`),
    said('letters', (seq) => `${seq}\n\n${letter}\n\n- one\n- two\n- three`),
    said('words', (seq) => `ok ${seq}`),
  ]));
  return { ...made, page: 300 };
}

/** Much goes over the links, for an inspector to keep up with. */
function keepBusy({ inspector }: FakePort): void {
  const users = ['u-bo', 'u-chen', 'u-dilara'];
  let seq = 22;
  setInterval(() => {
    for (let n = 0; n < 40; n++) {
      const user = users[++seq % users.length];
      if (seq % 3 === 0) inspector.push('/general', 'room:entry', { room: 'r-general', seq, kind: 'message', author: user, text: `Message ${seq}` });
      else inspector.push('/general', 'presence:changed', { user, state: seq % 2 ? 'online' : 'away' });
    }
  }, 100);
}

/** Older pages come when the window hears of the event `older`. */
function holdOlder(port: FakePort): void {
  const load = port.loadOlder.bind(port);
  port.loadOlder = async (id) => {
    await new Promise((resolve) => addEventListener('older', resolve, { once: true }));
    return load(id);
  };
}

function chat(now: Date): FakePort['world'] {
  const items = conversation(now);
  const wide = { ...message('u-emre/c40', 'u-emre', '@room the espresso machine is back. Who breaks it buys the next one.', new Date(now.getTime() - 20 * MINUTE).toISOString(), 40), mentions: ['u-ada', 'u-bo', 'u-chen'] };
  const rooms: Room[] = [
    room('general', { topic: 'Company-wide news, and the place to say hello', head: items.length, read: items.length - 3, unread: 3 }),
    room('random', { unread: 12, head: 40, read: 28 }),
    room('design', { kind: 'private', unread: 2, mentions: 1, head: 9, read: 7 }),
    room('releases'),
    room('quiet-corner', { muted: true, unread: 40 }),
    room('', { id: 'd1', kind: 'direct', users: ['u-ada', 'u-bo'], members: 2, unread: 1, mentions: 1, head: 5, read: 4 }),
    room('', { id: 'd2', kind: 'direct', users: ['u-ada', 'u-chen', 'u-dilara'], members: 3 }),
  ];
  const built = world(rooms, new Map([['r-general', items], ['d1', chatter(5, now)], ['r-random', [...chatter(39, now), wide]]]));
  const [main] = built.workspaces;
  if (main) {
    built.workspaces.push(
      { ...main, workspace: { slug: 'lab', name: 'Ocean Lab', icon: '🐙', role: 'member', open: true, unread: 4, mentions: 0 }, items: new Map() },
      { ...main, workspace: { slug: 'family', name: 'Family', icon: null, role: 'member', open: false, unread: 9, mentions: 2 }, items: new Map() },
    );
  }
  const address = 'http://127.0.0.1:7300';
  built.start.accounts = signedIn({ workspace: 'general', room: null }).accounts.map((seat) => ({ ...seat, account: { ...seat.account, address } }));
  built.start.hosting = built.hosting = { address, network: ['https://192.168.1.7:7300'], fingerprint };
  built.connected = signedIn().accounts.map(({ account }) => account.user);
  built.sessions = [
    { id: 's1', device: 'Confab on Linux', created: now.toISOString(), last_seen: now.toISOString(), current: true },
    { id: 's2', device: 'Firefox on Windows', created: now.toISOString(), last_seen: new Date(now.getTime() - 3 * 3_600_000).toISOString(), current: false },
  ];
  return built;
}

/** A second server, on which something is said meanwhile. */
function another(): FakePort {
  const port = elsewhere([room('general', { head: 12, read: 12 }), room('microscopes', { unread: 2, mentions: 2, head: 4, read: 2 })]);
  const [main] = port.world.workspaces;
  if (main) {
    port.world.workspaces.push({ ...main, workspace: { slug: 'reef', name: 'Reef Watch', icon: '🪸', role: 'member', open: true, unread: 3, mentions: 0 }, items: new Map() });
  }
  return port;
}

function goAway(port: FakePort): void {
  for (const namespace of ['/', '/general']) port.emit({ type: 'link', namespace, state: { is: 'waiting', retry_in_ms: 4_000, attempt: 3 } });
}

/** The server shows another certificate than the one that is known, and than what is named first. */
function changeCertificate(port: FakePort): void {
  const error = { ...refusal('forbidden', 'The server shows another certificate than the one that is known.'), cause: 'certificate_changed' as const };
  for (const namespace of ['/', '/general']) port.emit({ type: 'link', namespace, state: { is: 'refused', error } });
  port.refuseNext('trust', error);
}

/** Statuses, somebody who is ignored, quiet hours, a reminder. */
function someIgnored(built: FakePort['world'], now: Date): FakePort['world'] {
  const [main] = built.workspaces;
  const end = new Date(now.getTime() + 90 * MINUTE).toISOString();
  for (const member of main?.members ?? []) {
    if (member.login === 'bo') Object.assign(member, { status: '🍜 Lunch, back at two', status_until: end, dnd_until: end });
    if (member.login === 'ada') Object.assign(member, { status: '🏡 Working from home' });
  }
  const id = main?.items.get('r-general')?.length ?? 0;
  main?.items.get('r-general')?.push(message(`u-bo/c${id + 1}`, 'u-bo', '*carries the soup upstairs*', now.toISOString(), id + 1));
  built.personal = {
    invisible: false, ignored: ['u-chen'], quiet: { from: 1320, to: 420, days: 31 },
    reminders: [{ id: 'r1', workspace: 'general', room: 'r-general', text: 'Ask Dilara about the release note', at: new Date(now.getTime() - MINUTE).toISOString() }],
  };
  return built;
}

function conversation(now: Date): Item[] {
  const items: Item[] = [];
  const at = (minutes: number): string => new Date(now.getTime() - minutes * MINUTE).toISOString();
  const say = (author: string, minutes: number, text: string, changes: object = {}): void => {
    const seq = items.length + 1;
    items.push({ ...message(`u-${author}/c${seq}`, `u-${author}`, text, at(minutes), seq), ...changes });
  };
  const joined = (user: string, minutes: number): void => {
    const seq = items.length + 1;
    const entry = { room: 'r-general', seq, ts: at(minutes), kind: 'membership', user: `u-${user}`, change: 'joined', author: `u-${user}` } as const;
    items.push({ kind: 'notice', key: `#${seq}`, seq, entry });
  };
  for (const user of ['ada', 'bo', 'chen']) joined(user, 2_900);
  say('ada', 2_880, 'Welcome, everyone. This is our own chat now: it runs on the machine under my desk.');
  say('bo', 2_878, 'Finally. Is the history kept?');
  say('ada', 2_877, 'Every message. It is committed before you see the tick.');
  say('ada', 2_876, 'And it goes on working when the network does not: write, and it is sent later.', { reactions: [{ emoji: '🎉', users: ['u-bo', 'u-chen', 'u-dilara'] }, { emoji: '👍', users: ['u-ada'] }] });
  joined('dilara', 1_500);
  say('dilara', 1_480, 'Good morning! Here is the *draft* of the release note:\n\n**Confab 0.1** lets two people on two machines talk. See https://example.org/confab/notes?v=0.1 for the rest.', { edited_ts: at(1_470) });
  say('chen', 1_475, 'The build is green. To try it:\n```sh\ngit clone https://example.org/confab.git\ncd confab && make run\n```\nThat is all there is to it, `make test` runs the rest.');
  say('deploys', 120, 'Deployed `0.1.0-rc.3` to staging in 41 s.', { pinned: true, replies: { count: 2, last_seq: items.length + 3, last_ts: at(110) } });
  const thread = `m${items.length}`;
  say('dilara', 115, 'Works here, on a Mac.', { thread });
  say('bo', 110, 'And here. Two minutes, the tests included.', { thread });
  say('emre', 90, '', { deleted: true });
  say('bo', 62, '@ada can you look at the *invite* page? The link wraps badly on my phone.', { mentions: ['u-ada'] });
  say('ada', 60, 'On it.', { reply_to: `m${items.length}` });
  say('ada', 58, 'Fixed: long links are cut in the middle now.');
  joined('fatima', 40);
  say('dilara', 14, 'Lunch at half past twelve? The place around the corner has the good soup again, and they take ten people without a reservation if we are there before the rush.');
  say('bo', 12, 'Yes please 🍜');
  say('bo', 11, 'Asking in #random too.');
  return items;
}

function long(now: Date): FakePort['world'] {
  const name = 'a-room-whose-name-uses-every-one-of-the-sixty-four-characters-yes';
  const items: Item[] = [
    message('u-fatima/c1', 'u-fatima', 'A word without any place to break: ' + 'Donaudampfschifffahrtsgesellschaft'.repeat(6), now.toISOString(), 1),
    message('u-bo/c2', 'u-bo', 'https://example.org/' + 'very/long/path/'.repeat(14) + '?with=query', now.toISOString(), 2),
    message('u-chen/c3', 'u-chen', '```\n' + 'let x = some_function_with_a_long_name(argument_one, argument_two); '.repeat(4) + '\n```', now.toISOString(), 3),
    message('u-dilara/c4', 'u-dilara', Array.from({ length: 14 }, (_, i) => `Line ${i + 1} of a long message`).join('\n'), now.toISOString(), 4),
  ];
  const long = room(name, { id: 'r-long', topic: 'A topic that goes on and on, '.repeat(8), kind: 'private' });
  const built = world([long, room('general')], new Map([['r-long', items]]));
  built.start.accounts = signedIn({ workspace: 'general', room: 'r-long' }).accounts;
  return built;
}

function markdown(now: Date): FakePort['world'] {
  const texts = [
    ['bo', '# Release 0.2\nWhat is **in**, what is *out*, and what is ~~late~~ next. The ending: ||it was the *butler*||. Ask @ada in #random, or see <https://example.org/a?b=c>.'],
    ['bo', 'One list:\n- [x] Markdown with `code`\n- [ ] Threads\n  - with their own panel\n  - and unread\n\nand another:\n1. first\n2. second'],
    ['chen', '> Every message is committed before you see the tick.\n> That is the whole trick.\n\nI like that.'],
    ['chen', '```rust\n/// Persist, then ack, then broadcast.\nasync fn send(&self, write: Write) -> Result<Ack, Refusal> {\n    let seq = self.commit(write).await?; // one fsync for the group\n    Ok(Ack { seq, took_ms: 4.2, how: "group" })\n}\n```'],
    ['dilara', '| Room size | socketioxide | Node |\n|---|---:|---:|\n| 100 | 1,880 | 137 |\n| 1,000 | 1,050 | **104** |\n\nThousand deliveries a second.'],
    ['dilara', '🎉🎉'],
    ['ada', 'A [link with words](https://example.org/notes) and a picture that nobody loads: ![chart](https://example.org/chart.png)\n\n---\n\nAfter the rule.', { edited_ts: now.toISOString() }],
    ['ada', '**Short answer**: yes.', { reply_to: 'm1' }],
    ['emre', 'plain words, nothing else'],
  ] as const;
  const items = texts.map(([author, text, more], i): Item => ({ ...message(`u-${author}/c${i + 1}`, `u-${author}`, text, new Date(now.getTime() - (texts.length - i) * MINUTE).toISOString(), i + 1), ...more }));
  return world([room('general', { head: items.length, read: items.length }), room('random')], new Map([['r-general', items]]));
}

const PICTURES = [['cliffs.jpg', 1_600, 900, '#33658a', '#f6ae2d'], ['poster.png', 700, 1_400, '#7b4bb3', '#f2d7ee'], ['icon.png', 96, 96, '#1b7f79', '#fff']] as const;

function withFiles(now: Date): FakePort['world'] {
  const file = (id: string, name: string, mime: string, bytes: number, more: Partial<FileInfo> = {}): FileInfo => ({ id, name, mime, bytes, sha256: '', thumb: false, ...more });
  const pictures = PICTURES.map(([name, width, height], i) => file(`p${i}`, name, 'image/png', width * height, { thumb: true, width, height }));
  const long = `Report ${'of everything that happened in the quarter '.repeat(4)}(final, really).pdf`;
  const rows: [author: string, text: string, files: FileInfo[]][] = [
    ['bo', 'The view from the office today:', pictures.slice(0, 1)],
    ['chen', '', pictures.slice(2)],
    ['dilara', 'The drafts, all of them.', [...pictures, ...pictures.slice(0, 2).map((one, i) => ({ ...one, id: `p${i}-again` }))]],
    ['bo', '', [file('s', 'stand-up.ogg', 'audio/ogg', 812_000), file('v', 'demo.webm', 'video/webm', 24_100_000)]],
    ['ada', 'And the papers.', [file('d', long, 'application/pdf', 1_240_000), file('z', 'logs.tar.gz', 'application/gzip', 64_000_000), file('x', 'data', 'application/octet-stream', 912)]],
    ['fatima', '', pictures.slice(1, 2)],
  ];
  const items = rows.map(([author, text, files], i): Item => ({ ...message(`u-${author}/c${i + 1}`, `u-${author}`, text, new Date(now.getTime() - (rows.length - i) * MINUTE).toISOString(), i + 1), files, ...(i === 5 ? { reply_to: 'm2' } : {}) }));
  return world([room('general', { head: items.length, read: items.length }), room('random')], new Map([['r-general', items]]));
}

/** Pictures for the files that are there, and uploads that stand still for those that are chosen. */
function drawFiles(port: FakePort): void {
  PICTURES.forEach(([name, width, height, back, front], i) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${back}"/><circle cx="50%" cy="50%" r="${Math.min(width, height) / 3}" fill="${front}"/><text x="50%" y="52%" text-anchor="middle" font-size="${width / 12}">${name}</text></svg>`;
    for (const id of [`p${i}`, `p${i}-again`]) port.files.put(id, `data:image/svg+xml,${encodeURIComponent(svg)}`);
  });
  port.files.moving = 'hold';
  port.files.chosen = [new File([new Uint8Array(2_000_000)], 'a file with quite a long name for so small a place.pdf'), new File([new Uint8Array(900)], 'notes.md'), new File([new Uint8Array(70_000_000)], 'film.mkv'), new File([new Uint8Array(50)], 'broken.bin')];
  port.subscribe((update) => {
    if (update.type !== 'transfer' || update.transfer.moved > 0 || update.transfer.state.is !== 'running') return;
    const { key, bytes, name } = update.transfer;
    setTimeout(() => {
      if (name === 'notes.md') port.files.settle(key);
      else if (name === 'broken.bin') port.files.settle(key, refusal('too_large', 'You have too many unfinished uploads.'));
      else port.files.move(key, Math.round(bytes * 0.4));
    });
  });
}

function goOffline(port: FakePort): void {
  port.sending = 'hold';
  for (const namespace of ['/', '/general']) {
    port.emit({ type: 'link', namespace, state: { is: 'waiting', retry_in_ms: 4_000, attempt: 3 } });
  }
  void (async () => {
    await port.send({ room: 'r-general', text: 'Written without a network.' });
    await port.send({ room: 'r-general', text: 'This one too.' });
    const failed = await port.send({ room: 'r-general', text: 'And this one was refused.' });
    port.settle(failed, refusal('forbidden', 'The room is closed for writing.'));
    port.emit({ type: 'outbox', pending: 2 });
  })();
}
