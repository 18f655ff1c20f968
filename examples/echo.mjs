// A bot that says again what follows `!echo`. See README.md.
import { io } from 'socket.io-client';
import { randomUUID } from 'node:crypto';

const [url, workspace] = process.argv.slice(2);
const bot = io(`${url}/${workspace}`, { auth: { token: process.env.CONFAB_TOKEN, protocol: 1, client: 'echo/1' } });
bot.on('workspace:ready', ({ rooms }) => console.log(`listening in ${rooms.length} rooms`));
bot.on('connect_error', (refusal) => console.error(`refused: ${refusal.message}`));
bot.on('room:entry', async ({ kind, room, text }) => {
  if (kind !== 'message' || !text.startsWith('!echo ')) return;
  const reply = await bot.timeout(5000).emitWithAck('message:send', { room, cid: randomUUID(), text: text.slice(6) });
  if (!reply.ok) console.error(reply.error.message);
});
