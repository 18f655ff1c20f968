// What a message that begins with a slash does. Each command says what it takes and what it is for; completion, the list of
// them and refusals read it from here.

import type { Member } from '../../bindings';
import { refusal } from '../../lib/error';
import { moment } from '../../lib/time';
import { tomorrow, whenOf } from '../../lib/when';
import { locale, t } from '../../lib/locale/locale.svelte';
import type { PlainKey } from '../../lib/locale/message';
import type { App } from '../../state/app.svelte';
import type { RoomState } from '../../state/room.svelte';

export interface Command {
  name: string;
  /** What follows it, as an example; none where nothing does. */
  usage?: PlainKey;
  help: PlainKey | typeof SHRUG;
  /** The text to be sent instead; undefined: nothing is sent, it is done. Refusals are thrown. */
  run(args: string, app: App, room: RoomState): string | undefined | Promise<undefined>;
  /** Where it makes sense; everywhere, unless it says so. */
  fits?(app: App, room: RoomState): boolean;
}

const isNamed = (_: App, room: RoomState): boolean => room.info.kind !== 'direct';
const isNoGuest = (app: App): boolean => !app.workspace?.isGuest;

/** Its help shows what it adds. */
const SHRUG = 'command.shrug';

const COMMANDS: readonly Command[] = [
  {
    name: 'me', usage: 'command.me_usage', help: 'command.me',
    run: (args) => (args === '' || args.includes('\n') ? wrong(t('command.me_wrong')) : `*${args.replaceAll('*', '\\*')}*`),
  },
  { name: 'shrug', usage: 'command.shrug_usage', help: SHRUG, run: (args) => `${args} ¯\\\\\\_(ツ)\\_/¯`.trim() },
  {
    name: 'topic', usage: 'command.topic_usage', help: 'command.topic', fits: isNamed,
    run: async (args, app, room) => void (await app.port.updateRoom({ room: room.info.id, topic: args })),
  },
  {
    name: 'invite', usage: 'command.invite_usage', help: 'command.invite', fits: (app, room) => isNamed(app, room) && isNoGuest(app),
    run: async (args, app, room) => {
      const found = args.split(/[\s,]+/).filter(Boolean).map((login) => memberOf(login, app));
      if (found.length === 0) wrong(t('command.invite_wrong'));
      await app.port.inviteToRoom(room.info.id, found.map(({ id }) => id));
      app.toasts.done(t('command.invited', { names: found.map(({ login }) => locale.value(`@${login}`)).join(t('list.comma')) }));
      return undefined;
    },
  },
  {
    name: 'msg', usage: 'command.msg_usage', help: 'command.msg', fits: isNoGuest,
    run: async (args, app) => {
      const [, login = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(args) ?? [];
      if (login === '') wrong(t('command.msg_wrong'));
      const { id } = memberOf(login, app);
      const direct = await app.port.openDirect([id]);
      app.enter(direct);
      if (text !== '') await app.port.send({ room: direct.id, text });
      return undefined;
    },
  },
  { name: 'leave', help: 'command.leave', fits: isNamed, run: async (_, app, room) => void (await app.leaveRoom(room)) },
  {
    name: 'mute', help: 'command.mute',
    run: async (_, app, room) => {
      const muted = !room.info.muted;
      await app.port.updateRoom({ room: room.info.id, muted });
      app.toasts.done(muted ? t('command.muted') : t('command.unmuted'));
      return undefined;
    },
  },
  {
    name: 'status', usage: 'command.status_usage', help: 'command.status',
    run: async (args, app) => {
      if (args === '') app.dialog = 'profile';
      else {
        const status = ['clear', t('command.status_clear')].includes(args.toLowerCase()) ? '' : args;
        await app.port.updateProfile({ status });
        app.toasts.done(status === '' ? t('command.status_cleared') : t('command.status_set', { status }));
      }
      return undefined;
    },
  },
  {
    name: 'away', help: 'command.away',
    run: async (_, app) => {
      await app.setAway(!app.away);
      app.toasts.done(app.away ? t('command.away_on') : t('command.away_off'));
      return undefined;
    },
  },
  {
    name: 'dnd', usage: 'command.dnd_usage', help: 'command.dnd',
    run: async (args, app) => {
      if (['off', t('command.dnd_off')].includes(args.toLowerCase())) {
        await app.port.setPersonal(app.personal.disturbed());
        app.toasts.done(t('command.dnd_ended'));
        return undefined;
      }
      const at = args === '' ? tomorrow() : (whenOf(args)?.at ?? wrong(t('command.dnd_wrong')));
      await app.port.setPersonal(app.personal.changed({ dnd_until: at.toISOString() }));
      app.toasts.done(t('command.dnd_set', { when: moment(at.toISOString()) }));
      return undefined;
    },
  },
  {
    name: 'remind', usage: 'command.remind_usage', help: 'command.remind',
    run: async (args, app, room) => {
      const when = whenOf(args.replace(/^me\s+/i, '')) ?? wrong(t('command.remind_wrong'));
      if (when.rest === '') wrong(t('command.remind_what'));
      const text = when.rest.replace(/^(to|of|about)\s+/i, '');
      const at = when.at.toISOString();
      await app.port.setReminder({ workspace: app.workspace?.slug ?? '', room: room.info.id, text, at });
      app.toasts.done(t('command.remind_set', { when: moment(at) }));
      return undefined;
    },
  },
  {
    name: 'help', help: 'command.help',
    run: (_, app) => {
      app.dialog = 'commands';
      return undefined;
    },
  },
];

export function commandsFor(app: App, room: RoomState): Command[] {
  return COMMANDS.filter((command) => command.fits?.(app, room) ?? true);
}

export function helpOf(help: Command['help']): string {
  return help === SHRUG ? t(help, { shrug: '¯\\_(ツ)_/¯' }) : t(help);
}

/** The command that a text is, and what follows it; null for a text that is none. A path such as `/etc/hosts` is none;
    one slash and a word that nothing is named by is most likely a mistake, and is refused. */
export function commandOf(text: string, app: App, room: RoomState): { command: Command; args: string } | null {
  const found = /^\/([a-z]+)(?:\s+([\s\S]*))?$/i.exec(text);
  if (!found) return null;
  const name = found[1]?.toLowerCase();
  const command = commandsFor(app, room).find((known) => known.name === name);
  if (command) return { command, args: (found[2] ?? '').trim() };
  if (COMMANDS.some((known) => known.name === name)) wrong(t('command.not_here', { name: name ?? '' }));
  return wrong(t('command.unknown', { name: name ?? '' }));
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
  return found ?? wrong(t('command.nobody', { login }));
}

function wrong(message: string): never {
  throw refusal('bad_request', message);
}
