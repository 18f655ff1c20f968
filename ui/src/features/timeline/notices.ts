// What happened in a room between the messages, folded into a line: "Ada, Bo and 2 others joined. Bo left."

import type { Entry, MembershipChange } from '../../bindings';
import { t } from '../../lib/locale/locale.svelte';

export function sentences(
  entries: readonly Entry[], nameOf: (user: string) => string, listed: (names: readonly string[]) => string,
): string {
  const parts: { key: string; names: string[]; text: (names: readonly string[]) => string }[] = [];
  for (const entry of entries) {
    if (entry.kind === 'membership') {
      const { change, user, author } = entry;
      const by = user === author ? '' : nameOf(author);
      const key = `${change} ${by}`;
      const last = parts.at(-1);
      if (last?.key === key) last.names.push(nameOf(user));
      else parts.push({ key, names: [nameOf(user)], text: (names) => membership(change, listed(names), names.length, by) });
    } else if (entry.kind === 'room') {
      parts.push({ key: `#${entry.seq}`, names: [], text: () => roomChange(entry, nameOf(entry.author)) });
    }
  }
  return parts.map(({ names, text }) => text([...new Set(names)])).join(' ');
}

function membership(change: MembershipChange, names: string, n: number, by: string): string {
  switch (change) {
    case 'joined':
      return t('notice.joined', { names, n });
    case 'left':
      return t('notice.left', { names, n });
    case 'invited':
      return by === '' ? t('notice.joined', { names, n }) : t('notice.brought_in', { by, names });
    case 'kicked':
      return by === '' ? t('notice.was_removed', { names, n }) : t('notice.removed', { by, names });
  }
}

function roomChange({ name, topic, archived }: Extract<Entry, { kind: 'room' }>, by: string): string {
  const changes = [
    name === undefined ? '' : t('notice.renamed', { by, name }),
    topic === undefined ? '' : topic === '' ? t('notice.topic_cleared', { by }) : t('notice.topic', { by, topic }),
    archived === undefined ? '' : archived ? t('notice.archived', { by }) : t('notice.reopened', { by }),
  ].filter(Boolean);
  return changes.length > 0 ? changes.join(' ') : t('notice.changed', { by });
}
