// From the outbox to the wire: which request carries what waits, and what its answer means.

import type { MessageSend, RequestMap } from '../../bindings';
import { asRefusal, refusal } from '../../lib/error';
import { t } from '../../lib/locale/locale.svelte';
import type { Requester } from './connection';
import type { Sent } from './outbox';
import type { Committed, Waiting } from './waiting';

/** Hands a run of messages, or one change, to the server; answers for each, in order. */
export async function transmit(link: Requester | undefined, batch: readonly Waiting[]): Promise<Sent[]> {
  const [only] = batch;
  if (!link || !only) throw refusal('unavailable', t('error.workspace_not_open'));
  if (batch.length > 1) {
    const { results } = await link.request('message:send_batch', { messages: batch.flatMap((waiting) => messageOf(waiting) ?? []) });
    return results.map(sentIn);
  }
  try {
    return [{ ok: true, sent: await request(link, only) }];
  } catch (thrown) {
    return [{ ok: false, error: asRefusal(thrown) }];
  }
}

function request(link: Requester, waiting: Waiting): Promise<Committed> {
  const { room, cid, what } = waiting;
  switch (what.is) {
    case 'edit':
      return link.request('message:edit', { room, cid, id: what.id, text: what.text });
    case 'delete':
      return link.request('message:delete', { room, cid, id: what.id });
    case 'reaction':
      return link.request('message:react', { room, cid, id: what.id, emoji: what.emoji, on: what.on });
    case 'pin':
      return link.request('message:pin', { room, cid, id: what.id, on: what.on });
    case 'message': {
      const { is: _, ...message } = what;
      return link.request('message:send', { ...message, room, cid });
    }
  }
}

function messageOf({ room, cid, what }: Waiting): MessageSend | undefined {
  if (what.is !== 'message') return undefined;
  const { is: _, ...message } = what;
  return { ...message, room, cid };
}

/** One message's answer in a batch has the shape of any other. */
function sentIn(result: unknown): Sent {
  const { ok, error, ...sent } = result as { ok?: unknown; error?: unknown } & RequestMap['message:send']['reply'];
  return ok === true ? { ok, sent } : { ok: false, error: asRefusal(error) };
}
