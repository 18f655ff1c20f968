// What begins with a slash.

import { refusal } from '../../lib/error';
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

const COMMANDS: readonly Command[] = [
  {
    name: 'me', usage: 'does something', help: 'Say what you do, in italics',
    run: (args) => (args === '' ? wrong('Say what you do: /me waves') : `*${args}*`),
  },
  { name: 'shrug', usage: 'message', help: 'Add ¯\\_(ツ)_/¯', run: (args) => `${args} ¯\\\\\\_(ツ)\\_/¯`.trim() },
  {
    name: 'topic', usage: 'text', help: 'Say what this room is for', fits: isNamed,
    run: async (args, app, room) => void (await app.port.updateRoom({ room: room.info.id, topic: args })),
  },
  {
    name: 'invite', usage: '@someone', help: 'Bring people into this room', fits: (app, room) => isNamed(app, room) && !app.workspace?.isGuest,
    run: async (args, app, room) => {
      const logins = args.split(/[\s,]+/).filter(Boolean).map((login) => login.replace(/^@/, '').toLowerCase());
      const members = [...(app.workspace?.members.values() ?? [])];
      const found = logins.map((login) => members.find((member) => member.login === login)?.id ?? wrong(`Nobody here is @${login}.`));
      if (found.length === 0) wrong('Whom? /invite @someone');
      await app.port.inviteToRoom(room.info.id, found);
      app.toasts.done(`Brought in ${logins.map((login) => `@${login}`).join(', ')}.`);
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
];

export function commandsFor(app: App, room: RoomState): Command[] {
  return COMMANDS.filter((command) => command.fits?.(app, room) ?? true);
}

/** The command that a text is, and what follows it; null for a text that is none. */
export function commandOf(text: string, app: App, room: RoomState): { command: Command; args: string } | null {
  const found = /^\/([a-z]+)(?:\s+([\s\S]*))?$/i.exec(text);
  const command = commandsFor(app, room).find(({ name }) => name === found?.[1]?.toLowerCase());
  return command ? { command, args: (found?.[2] ?? '').trim() } : null;
}

function wrong(message: string): never {
  throw refusal('bad_request', message);
}
