// The log: batches, repeats, conflicts, edits, deletions, reactions, paging, mentions.

import assert from 'node:assert/strict';
import { arrive } from './lib/device.mjs';
import { cid, scenario } from './lib/check.mjs';
import { stage } from './lib/stage.mjs';

let ada, bob, room;
const last = async (who, id) => {
  const { messages } = await who.hall.ok('room:history', { room, limit: 200 });
  return messages.find((message) => message.id === id);
};
const send = (who, text, more = {}) => who.hall.ok('message:send', { room, cid: cid(), text, ...more });

await scenario({
  'two people come': async () => {
    [ada, bob] = await Promise.all([arrive(stage.ada), arrive(stage.bob)]);
    room = ada.room('general').id;
  },

  'the same cid and body always get the same answer': async () => {
    const message = { room, cid: cid(), text: 'once' };
    const first = await ada.hall.ok('message:send', message);
    const again = await ada.hall.ok('message:send', message);
    assert.deepEqual(again, first);
    const otherDevice = await arrive(stage.ada);
    assert.deepEqual(await otherDevice.hall.ok('message:send', message), first);
    otherDevice.device.close();
    await ada.hall.refused('conflict', 'message:send', { ...message, text: 'twice' });
    const bobs = await bob.hall.ok('message:send', message);
    assert.notEqual(bobs.id, first.id, 'a cid belongs to its author');
    const { messages } = await ada.hall.ok('room:history', { room, limit: 200 });
    assert.deepEqual(messages.filter(({ text }) => text === 'twice'), []);
    assert.equal(messages.filter((m) => m.cid === message.cid && m.author === stage.ada.id).length, 1);
  },

  'a batch: each on its own, in order': async () => {
    const known = { room, cid: cid(), text: 'known' };
    const sent = await ada.hall.ok('message:send', known);
    const messages = [
      { room, cid: cid(), text: 'one' },
      { room: 'nowhere', cid: cid(), text: 'lost' },
      known,
      { room, cid: known.cid, text: 'another body' },
      { room, cid: cid() },
      { room, cid: cid(), text: 'two' },
    ];
    const { results } = await ada.hall.ok('message:send_batch', { messages });
    assert.equal(results.length, messages.length);
    assert.deepEqual(results.map(({ ok }) => ok), [true, false, true, false, false, true]);
    assert.deepEqual(results.filter(({ ok }) => !ok).map(({ error }) => error.code), ['not_found', 'conflict', 'bad_request']);
    assert.equal(results[2].id, sent.id);
    assert.equal(results[0].cid, messages[0].cid);
    assert.equal(results[5].seq, results[0].seq + 1);
    const many = Array.from({ length: 100 }, (_, i) => ({ room, cid: cid(), text: `batch ${i}` }));
    const drained = await ada.hall.ok('message:send_batch', { messages: many });
    assert.deepEqual(drained.results.map(({ cid }) => cid), many.map(({ cid }) => cid));
    const seqs = drained.results.map(({ seq }) => seq);
    assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i));
    await ada.hall.refused('bad_request', 'message:send_batch', { messages: [...many, known] });
  },

  'every entry reaches every socket in order and without holes': async () => {
    const { head } = await ada.hall.ok('room:sync', { room, after: 0, limit: 1 });
    await bob.hall.next('room:entry', ({ seq }) => seq === head);
    const log = [];
    for (let after = 0, more = true; more; ) {
      const page = await bob.hall.ok('room:sync', { room, after, limit: 50 });
      assert.equal(page.reset, false);
      log.push(...page.entries);
      ({ more } = page);
      after = page.entries.at(-1).seq;
    }
    assert.deepEqual(log.map(({ seq }) => seq), Array.from({ length: head }, (_, i) => i + 1));
  },

  'edits replace the text; only the author may': async () => {
    const sent = await bob.hall.ok('message:send', { room, cid: cid(), text: 'teh' });
    const edit = { room, id: sent.id, cid: cid(), text: 'the' };
    await ada.hall.refused('forbidden', 'message:edit', { ...edit, cid: cid() });
    const edited = await bob.hall.ok('message:edit', edit);
    assert.ok(edited.seq > sent.seq);
    assert.equal(edited.cid, edit.cid);
    assert.deepEqual(await bob.hall.ok('message:edit', edit), edited, 'a repeat changes nothing');
    const entry = await ada.hall.next('room:entry', (e) => e.kind === 'edit' && e.id === sent.id);
    assert.deepEqual([entry.text, entry.author, entry.seq], ['the', stage.bob.id, edited.seq]);
    const message = await last(ada, sent.id);
    assert.deepEqual([message.text, message.seq, message.edited_ts], ['the', sent.seq, edited.ts]);
    await bob.hall.refused('not_found', 'message:edit', { ...edit, cid: cid(), id: '0190-nothing' });
  },

  'a reaction is a set of user and emoji': async () => {
    const sent = await send(ada, 'cake?');
    const react = (who, on, emoji = '🍰') => who.hall.ok('message:react', { room, id: sent.id, cid: cid(), emoji, on });
    await react(ada, true);
    await react(bob, true);
    await bob.hall.next('room:entry', (e) => e.kind === 'reaction' && e.id === sent.id && e.author === stage.ada.id && e.on);
    await react(bob, true);
    await react(ada, true, '👍');
    await react(ada, false);
    const { reactions } = await last(bob, sent.id);
    assert.deepEqual(reactions, [
      { emoji: '🍰', users: [stage.bob.id] },
      { emoji: '👍', users: [stage.ada.id] },
    ]);
  },

  'a delete blanks it for good and wins over any edit': async () => {
    const sent = await send(bob, 'a secret that must go');
    await bob.hall.ok('message:edit', { room, id: sent.id, cid: cid(), text: 'the same secret, edited' });
    await bob.hall.ok('message:delete', { room, id: sent.id, cid: cid() });
    await ada.hall.next('room:entry', (e) => e.kind === 'delete' && e.id === sent.id);
    const late = await bob.hall.request('message:edit', { room, id: sent.id, cid: cid(), text: 'back again' });
    const message = await last(ada, sent.id);
    assert.deepEqual([message.deleted, message.text, message.seq], [true, '', sent.seq]);
    const { entries } = await ada.hall.ok('room:sync', { room, after: sent.seq - 1, limit: 500 });
    assert.ok(!JSON.stringify(entries).includes('secret'), 'gone from the raw log too');
    assert.ok(late.ok || ['not_found', 'conflict', 'forbidden'].includes(late.error.code), JSON.stringify(late));
    const theirs = await send(bob, 'an admin may delete this');
    await ada.hall.ok('message:delete', { room, id: theirs.id, cid: cid() });
    const adas = await send(ada, 'a member may not delete this');
    await bob.hall.refused('forbidden', 'message:delete', { room, id: adas.id, cid: cid() });
  },

  'history pages backwards, and around a place': async () => {
    const all = (await ada.hall.ok('room:history', { room, limit: 200 })).messages;
    const newest = await ada.hall.ok('room:history', { room, limit: 5 });
    assert.deepEqual(newest.messages.map(({ id }) => id), all.slice(-5).map(({ id }) => id));
    assert.equal(newest.start, false);
    const before = await ada.hall.ok('room:history', { room, before: newest.messages[0].seq, limit: 5 });
    assert.deepEqual(before.messages.map(({ id }) => id), all.slice(-10, -5).map(({ id }) => id));
    const middle = all[Math.floor(all.length / 2)];
    const around = await ada.hall.ok('room:history', { room, around: middle.seq, limit: 10 });
    assert.ok(around.messages.some(({ id }) => id === middle.id));
    assert.ok(around.messages.length <= 10);
    const first = await ada.hall.ok('room:history', { room, before: all[2].seq, limit: 10 });
    assert.deepEqual([first.start, first.messages.length], [true, 2]);
  },

  'history is the fold of the log: what came live folds to the same': async () => {
    const { entries } = await ada.hall.ok('room:sync', { room, after: 0, limit: 500 });
    const folded = new Map();
    for (const e of entries) {
      if (e.kind === 'message') folded.set(e.id, { id: e.id, seq: e.seq, text: e.text, deleted: false });
      const message = folded.get(e.id);
      if (e.kind === 'edit' && !message.deleted) Object.assign(message, { text: e.text });
      if (e.kind === 'delete') Object.assign(message, { text: '', deleted: true });
    }
    const { messages } = await ada.hall.ok('room:history', { room, limit: 200 });
    const shown = messages.map(({ id, seq, text, deleted }) => ({ id, seq, text, deleted }));
    assert.deepEqual(shown, [...folded.values()].slice(-shown.length));
  },

  'a mention is told to the one mentioned': async () => {
    const sent = await send(ada, 'Good morning @bob, and @nobody');
    const entry = await bob.hall.next('room:entry', ({ seq }) => seq === sent.seq);
    assert.deepEqual(entry.mentions, [stage.bob.id]);
    const mention = await bob.lobby.next('mention:received', ({ seq }) => seq === sent.seq);
    assert.deepEqual([mention.workspace, mention.room, mention.author], ['general', room, stage.ada.id]);
    assert.ok(mention.excerpt.includes('Good morning'));
    const unread = await bob.lobby.next('unread:changed', (e) => e.head === sent.seq);
    assert.equal(unread.mentions, 1);
  },

  'text is kept as it was meant': async () => {
    const { id } = await send(ada, '  e\u0301 <script>alert(1)</script> \u{1F469}\u200D\u{1F4BB}\r\nnext\n');
    const { text } = await last(ada, id);
    assert.equal(text, '\u00e9 <script>alert(1)</script> \u{1F469}\u200D\u{1F4BB}\nnext', 'NFC, \\n, trimmed, no HTML lost');
    const quoted = await send(bob, 'answering', { reply_to: id });
    assert.equal((await last(ada, quoted.id)).reply_to, id);
    await bob.hall.refused('not_found', 'message:send', { room, cid: cid(), text: 'to what?', reply_to: '0190-nothing' });
  },

  'payloads cannot set author, role, ts or seq': async () => {
    const forged = { author: stage.bob.id, role: 'owner', ts: '1999-01-01T00:00:00.000Z', seq: 1, id: 'mine' };
    const sent = await send(ada, 'forged?', forged);
    const message = await last(bob, sent.id);
    assert.equal(message.author, stage.ada.id);
    assert.notEqual(message.id, 'mine');
    assert.ok(message.seq > 1 && message.ts > '2020');
  },
});
