// What a message that begins with a slash does. Each command says what it takes and what it is for; completion, the list of
// them and refusals read it from here.

import type { Member } from '../../bindings';
import { refusal } from '../../lib/error';
import { until } from '../../lib/time';
import { tomorrow, whenOf } from '../../lib/when';
import type { App } from '../../state/app.svelte';
import type { RoomState } from '../../state/room.svelte';

export interface Command {
  name: string;
  usage: string;
  help: string;
  /** The text to be sent instead; undefined: nothing is sent, it is done. Refusals are thrown. */
  run(args: string, app: App, room: RoomState): string | undefined | Promise<undefined>;
  /** Where it makes sense; everywhere, unless it says so. */
  fits?(app: App, room: RoomState): boolean;
}

const isNamed = (_: App, room: RoomState): boolean => room.info.kind !== 'direct';
const isNoGuest = (app: App): boolean => !app.workspace?.isGuest;

const COMMANDS: readonly Command[] = [
  {
    name: 'me', usage: 'does something', help: 'Say what you do',
    run: (args) => (args === '' || args.includes('\n') ? wrong('Say in one line what you do: /me waves') : `*${args.replaceAll('*', '\\*')}*`),
  },
  { name: 'shrug', usage: 'message', help: 'Add ¯\\_(ツ)_/¯', run: (args) => `${args} ¯\\\\\\_(ツ)\\_/¯`.trim() },
  {
    name: 'topic', usage: 'text', help: 'Say what this room is for', fits: isNamed,
    run: async (args, app, room) => void (await app.port.updateRoom({ room: room.info.id, topic: args })),
  },
  {
    name: 'invite', usage: '@someone', help: 'Bring people into this room', fits: (app, room) => isNamed(app, room) && isNoGuest(app),
    run: async (args, app, room) => {
      const found = args.split(/[\s,]+/).filter(Boolean).map((login) => memberOf(login, app));
      if (found.length === 0) wrong('Whom? /invite @someone');
      await app.port.inviteToRoom(room.info.id, found.map(({ id }) => id));
      app.toasts.done(`Brought in ${found.map(({ login }) => `@${login}`).join(', ')}.`);
      return undefined;
    },
  },
  {
    name: 'msg', usage: '@someone message', help: 'Write to somebody directly', fits: isNoGuest,
    run: async (args, app) => {
      const [, login = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(args) ?? [];
      if (login === '') wrong('To whom? /msg @someone hello');
      const { id } = memberOf(login, app);
      const direct = await app.port.openDirect([id]);
      app.enter(direct);
      if (text !== '') await app.port.send({ room: direct.id, text });
      return undefined;
    },
  },
  { name: 'leave', usage: '', help: 'Leave this room', fits: isNamed, run: async (_, app, room) => void (await app.leaveRoom(room)) },
  {
    name: 'mute', usage: '', help: 'Mute this room, or hear it again',
    run: async (_, app, room) => {
      const muted = !room.info.muted;
      await app.port.updateRoom({ room: room.info.id, muted });
      app.toasts.done(muted ? 'Muted: this room gives no more signals.' : 'This room gives signals again.');
      return undefined;
    },
  },
  {
    name: 'status', usage: '🌴 on holiday', help: 'Set your status; “clear” clears it, nothing opens your profile',
    run: async (args, app) => {
      if (args === '') app.dialog = 'profile';
      else {
        const status = args.toLowerCase() === 'clear' ? '' : args;
        await app.port.updateProfile({ status });
        app.toasts.done(status === '' ? 'Your status is cleared.' : `Your status is: ${status}`);
      }
      return undefined;
    },
  },
  {
    name: 'away', usage: '', help: 'Show as away until you say it again',
    run: async (_, app) => {
      await app.setAway(!app.away);
      app.toasts.done(app.away ? 'You show as away until you type /away again.' : 'You show as here again.');
      return undefined;
    },
  },
  {
    name: 'dnd', usage: '1 h', help: 'No notifications for that long, until tomorrow, or “off”',
    run: async (args, app) => {
      if (args.toLowerCase() === 'off') {
        await app.port.setPersonal(app.personal.disturbed());
        app.toasts.done('Notifications are on again.');
        return undefined;
      }
      const at = args === '' ? tomorrow() : (whenOf(args)?.at ?? wrong('Until when? /dnd 1 h, /dnd 14:30 or /dnd off'));
      await app.port.setPersonal(app.personal.changed({ dnd_until: at.toISOString() }));
      app.toasts.done(`No notifications ${until(at.toISOString())}.`);
      return undefined;
    },
  },
  {
    name: 'remind', usage: '20 min tea', help: 'Be reminded: “20 min”, “2 h”, “14:30” or “tomorrow 9:00”, and of what',
    run: async (args, app, room) => {
      const when = whenOf(args.replace(/^me\s+/i, '')) ?? wrong('When? /remind 20 min tea, or /remind tomorrow 9:00 stand-up');
      if (when.rest === '') wrong('Of what? /remind 20 min tea');
      const text = when.rest.replace(/^(to|of|about)\s+/i, '');
      const at = when.at.toISOString();
      await app.port.setReminder({ workspace: app.workspace?.slug ?? '', room: room.info.id, text, at });
      app.toasts.done(`You are reminded ${until(at).replace(/^until/, 'at')}, on all your devices.`);
      return undefined;
    },
  },
  {
    name: 'help', usage: '', help: 'List these commands',
    run: (_, app) => {
      app.dialog = 'commands';
      return undefined;
    },
  },
];

export function commandsFor(app: App, room: RoomState): Command[] {
  return COMMANDS.filter((command) => command.fits?.(app, room) ?? true);
}

/** The command that a text is, and what follows it; null for a text that is none. A path such as `/etc/hosts` is none;
    one slash and a word that nothing is named by is most likely a mistake, and is refused. */
export function commandOf(text: string, app: App, room: RoomState): { command: Command; args: string } | null {
  const found = /^\/([a-z]+)(?:\s+([\s\S]*))?$/i.exec(text);
  if (!found) return null;
  const name = found[1]?.toLowerCase();
  const command = commandsFor(app, room).find((known) => known.name === name);
  if (command) return { command, args: (found[2] ?? '').trim() };
  if (COMMANDS.some((known) => known.name === name)) wrong(`/${name} does nothing in this room.`);
  return wrong(`There is no command /${name}. /help lists them; to send it as text, begin with two slashes.`);
}

/** What is sent of a text that is no command: of two slashes at its beginning, one. */
export function plain(text: string): string {
  return text.replace(/^\/\/(?=[a-z]+(\s|$))/i, '/');
}

/** What somebody does, where a message is nothing but that: one line between single asterisks, as `/me` sends it. */
export function emoteOf(text: string): string | null {
  const found = /^\*((?!\*)(?:\\\*|[^*\n])+)\*$/.exec(text)?.[1];
  return found === undefined || /^\s|\s$/.test(found) ? null : found;
}

function memberOf(name: string, app: App): Member {
  const login = name.replace(/^@/, '').toLowerCase();
  const found = [...(app.workspace?.members.values() ?? [])].find((member) => member.login === login);
  return found ?? wrong(`Nobody here is @${login}.`);
}

function wrong(message: string): never {
  throw refusal('bad_request', message);
}
