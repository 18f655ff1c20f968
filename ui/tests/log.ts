// A room's log as the server would write it, from chance: messages, edits, deletions, reactions, memberships.

import type { Entry, HistoryPage, Message } from '../src/bindings';
import { Fold } from '../src/port/web/fold';
import { Chance } from './random';

export function writeLog(chance: Chance, length: number, room = 'r'): Entry[] {
  const log: Entry[] = [];
  const ids: string[] = [];
  for (let seq = 1; seq <= length; seq++) {
    const base = { room, seq, ts: new Date(1_760_000_000_000 + seq * 1_000).toISOString() };
    const author = `u${chance.below(3)}`;
    const id = ids.length > 0 ? (ids[chance.below(ids.length)] ?? '') : '';
    const kind = ids.length === 0 ? 0 : chance.below(10);
    if (kind <= 4) {
      ids.push(`m${seq}`);
      log.push({ ...base, kind: 'message', id: `m${seq}`, cid: `c${seq}`, author, text: `text ${seq}`, mentions: [] });
    } else if (kind <= 6) log.push({ ...base, kind: 'reaction', id, emoji: chance.yes(0.5) ? 'a' : 'b', on: chance.yes(0.7), author });
    else if (kind === 7) log.push({ ...base, kind: 'edit', id, text: `edited ${seq}`, author });
    else if (kind === 8) log.push({ ...base, kind: 'delete', id, author });
    else log.push({ ...base, kind: 'membership', user: author, change: 'joined', author });
  }
  return log;
}

/** What `room:history` answers for this log. */
export function history(log: readonly Entry[], limit: number, before = Infinity): HistoryPage {
  const fold = new Fold();
  for (const entry of log) fold.apply(entry);
  const all: Message[] = [...fold.messages.values()].filter((message) => message.seq < before);
  const messages = all.slice(-limit);
  const start = messages.length === all.length;
  const from = start ? 0 : (messages[0]?.seq ?? 0);
  const notices = [...fold.notices.values()].filter((entry) => entry.seq >= from && entry.seq < before);
  return { messages, notices, head: log.length, start };
}
