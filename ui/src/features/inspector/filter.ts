// What the filter of the events means: words that all must fit, such as `event:message room:general out -typing`.

import type { EventRecord } from '../../bindings';

export interface Seen {
  record: EventRecord;
  /** The name of its room, where there is one that has a name here. */
  room: string;
  /** When it is a request: how it was answered. */
  answered: EventRecord['answer'];
}

type Test = (seen: Seen) => boolean;

const refused: Test = ({ record, answered }) => (record.answer ?? answered)?.refused !== undefined;
const FLAGS: Readonly<Record<string, Test>> = {
  in: ({ record }) => record.direction === 'in',
  out: ({ record }) => record.direction === 'out',
  refused,
};
const FIELDS: Readonly<Record<string, (seen: Seen) => readonly string[]>> = {
  event: ({ record }) => [record.event, record.answer?.event ?? ''],
  ns: ({ record }) => [record.namespace],
  room: ({ record, room }) => [room, record.room ?? ''],
};

/** Whether an event fits; all do when nothing is asked for. */
export function filterOf(typed: string): Test {
  const tests = typed.toLowerCase().split(/\s+/).filter((word) => word !== '' && word !== '-').map(testOf);
  return (seen) => tests.every((test) => test(seen));
}

function testOf(word: string): Test {
  if (word.startsWith('-')) {
    const test = testOf(word.slice(1));
    return (seen) => !test(seen);
  }
  const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
  if (flag) return flag;
  const [name = '', ...rest] = word.split(':');
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  const wanted = rest.join(':');
  // Names of events have a colon themselves.
  if (field && wanted !== '') return (seen) => field(seen).some((text) => text.toLowerCase().includes(wanted));
  const everywhere = ({ record, room }: Seen): string => [record.event, record.answer?.event, record.namespace, room, record.full ?? record.body].join('\n');
  return (seen) => everywhere(seen).toLowerCase().includes(word);
}
