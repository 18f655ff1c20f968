// What happened in a room between the messages, folded into a line: "Ada, Bo and 2 others joined. Bo left."

import type { Entry, MembershipChange } from '../../bindings';

export function sentences(
  entries: readonly Entry[], nameOf: (user: string) => string, listed: (names: readonly string[]) => string,
): string {
  const parts: { key: string; names: string[]; text: (names: string) => string }[] = [];
  for (const entry of entries) {
    if (entry.kind === 'membership') {
      const { change, user, author } = entry;
      const by = user === author ? '' : nameOf(author);
      const key = `${change} ${by}`;
      const last = parts.at(-1);
      if (last?.key === key) last.names.push(nameOf(user));
      else parts.push({ key, names: [nameOf(user)], text: (names) => membership(change, names, by) });
    } else if (entry.kind === 'room') {
      parts.push({ key: `#${entry.seq}`, names: [nameOf(entry.author)], text: (name) => roomChange(entry, name) });
    }
  }
  return parts.map(({ names, text }) => `${text(listed([...new Set(names)]))}.`).join(' ');
}

function membership(change: MembershipChange, names: string, by: string): string {
  switch (change) {
    case 'joined':
      return `${names} joined`;
    case 'left':
      return `${names} left`;
    case 'invited':
      return by === '' ? `${names} joined` : `${by} brought in ${names}`;
    case 'kicked':
      return by === '' ? `${names} was removed` : `${by} removed ${names}`;
  }
}

function roomChange({ name, topic, archived }: Extract<Entry, { kind: 'room' }>, by: string): string {
  const changes = [
    name === undefined ? '' : `renamed the room to ${name}`,
    topic === undefined ? '' : topic === '' ? 'cleared the topic' : `set the topic: ${topic}`,
    archived === undefined ? '' : archived ? 'archived the room' : 'opened the room again',
  ].filter(Boolean);
  return `${by} ${changes.length > 0 ? changes.join(' and ') : 'changed the room'}`;
}
