// The suggestions for what is being typed.

import { best, folded, score } from '../../lib/fuzzy';
import { locale, t } from '../../lib/locale/locale.svelte';
import type { App } from '../../state/app.svelte';
import type { RoomState } from '../../state/room.svelte';
import { commandsFor, helpOf } from './commands';
import type { Token } from './token';

export interface Suggestion {
  key: string;
  /** Replaces the token. */
  text: string;
  title: string;
  hint: string;
  emoji?: string;
  /** Of people: whose picture. */
  person?: string;
}

const MOST = 8;

export async function suggestions(token: Token, app: App, room: RoomState): Promise<Suggestion[]> {
  switch (token.sign) {
    case '@':
      return [...people(token.query, app), ...many(token.query, app, room)].slice(0, MOST);
    case '#':
      return rooms(token.query, app);
    case '/':
      return commandsFor(app, room).filter(({ name }) => name.startsWith(token.query))
        .map(({ name, usage, help }) => ({ key: name, text: `/${name} `, title: usage ? `/${name} ${t(usage)}` : `/${name}`, hint: helpOf(help) }));
    case ':': {
      const { findEmoji, inTone } = await import('../emoji/emoji');
      return findEmoji(token.query.replace(/:$/, ''), MOST).map((one) => {
        const emoji = inTone(one, app.choices.tone);
        return { key: one.name, text: `${emoji} `, title: `:${one.name}:`, hint: '', emoji };
      });
    }
  }
}

function people(query: string, app: App): Suggestion[] {
  const wanted = folded(query);
  const me = app.workspace?.me?.id;
  const members = [...(app.workspace?.members.values() ?? [])].filter((member) => member.id !== me);
  // Who is there comes first: they are the ones who will answer.
  const { collate } = locale;
  const near = members.sort((a, b) => Number(b.presence !== 'offline') - Number(a.presence !== 'offline') || collate(a.display_name, b.display_name));
  return best(near, ({ login, display_name }) => Math.max(score(wanted, login), score(wanted, folded(display_name))), MOST)
    .map(({ id, login, display_name }) => ({ key: id, text: `@${login} `, title: display_name, hint: `@${login}`, person: id }));
}

/** `@room` and `@here`, once somebody begins to type them. */
function many(query: string, app: App, room: RoomState): Suggestion[] {
  if (query === '' || room.info.kind === 'direct' || app.workspace?.isGuest) return [];
  const all = [['room', t('composer.room')], ['here', t('composer.here')]] as const;
  return all.filter(([name]) => name.startsWith(query.toLowerCase())).map(([name, hint]) => ({ key: name, text: `@${name} `, title: `@${name}`, hint }));
}

function rooms(query: string, app: App): Suggestion[] {
  return best(app.workspace?.named ?? [], (room) => score(query, room.info.name), MOST)
    .map(({ info }) => ({ key: info.id, text: `#${info.name} `, title: `#${info.name}`, hint: info.topic }));
}
