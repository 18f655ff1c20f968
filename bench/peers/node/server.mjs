// The official Socket.IO server, doing the least that a chat could do: everybody into one room, every message to all.
// It keeps nothing and acks no message. The entry that it sends has the fields and the size of Confab's.

import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
const hall = io.of('/general');
let seq = 0;

hall.on('connection', (socket) => {
  const author = randomUUID().replaceAll('-', '');
  socket.on('room:join', ({ room }, ack) => {
    socket.join(room);
    ack({ ok: true });
  });
  socket.on('message:send', ({ room, cid, text }) => {
    const id = randomUUID().replaceAll('-', '');
    const ts = new Date().toISOString();
    hall.to(room).emit('room:entry', { room, seq: ++seq, ts, kind: 'message', id, cid, author, text, mentions: [] });
  });
  socket.emit('workspace:ready', { rooms: [{ id: '0123456789abcdef0123456789abcdef', name: 'general' }] });
});

http.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
