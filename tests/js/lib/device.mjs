// A device of somebody: one Engine.IO connection of the official client, any number of namespaces on it.

import assert from 'node:assert/strict';
import { Manager } from 'socket.io-client';
import { held } from './contract.mjs';
import { stage } from './stage.mjs';

/** Nothing that should come at once takes longer, unless something is broken. */
const DEADLINE = 15_000;

const devices = [];

export class Device {
  constructor(person, { transports = ['websocket'], url = stage.url } = {}) {
    this.person = person;
    this.manager = new Manager(url, { transports, reconnection: false, forceNew: true, timeout: DEADLINE });
    devices.push(this);
  }

  /** Enters a namespace. Resolves when it is connected; rejects with the refusal's code. */
  async enter(namespace, auth = { token: this.person.token, protocol: 1, client: 'scenario/1' }) {
    const link = new Link(this.manager.socket(namespace, { auth }), `${this.person.login}@${namespace}`);
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to CONNECT ${namespace}`)), DEADLINE);
      const settle = (how) => (value) => {
        clearTimeout(timer);
        how(value);
      };
      link.socket.once('connect', settle(resolve));
      link.socket.once('connect_error', settle(reject));
    });
    return link;
  }

  close() {
    this.manager._close();
  }
}

/** Closes all devices, so that node can exit. */
export function closeAll() {
  for (const device of devices) device.close();
}

/** One namespace of a device. Events that nobody asked for yet wait in the inbox, in order. */
export class Link {
  constructor(socket, name) {
    this.socket = socket;
    this.name = name;
    this.inbox = [];
    this.names = [];
    this.waiters = new Set();
    socket.onAny((event, ...args) => {
      assert.equal(args.length, 1, `${name}: ${event} carries ${args.length} values`);
      assert.equal(typeof args[0], 'object', `${name}: ${event} carries no object`);
      held(socket.nsp, event, args[0]);
      this.names.push(event);
      this.inbox.push({ event, body: args[0] });
      for (const waiter of [...this.waiters]) waiter();
    });
  }

  /** The reply to a request, whatever it says. */
  async request(event, body = {}) {
    const reply = await this.socket.timeout(DEADLINE).emitWithAck(event, body);
    assert.equal(typeof reply?.ok, 'boolean', `${event}: a reply is an object with ok, not ${JSON.stringify(reply)}`);
    if (reply.error?.code !== 'unknown_event') held(this.socket.nsp, `${event}.ack`, reply);
    // A batch is taken although one of its messages is refused.
    if (reply.ok && !reply.results?.some((one) => !one.ok)) held(this.socket.nsp, event, body);
    return reply;
  }

  /** The reply to a request that must succeed. */
  async ok(event, body) {
    const reply = await this.request(event, body);
    assert.equal(reply.ok, true, `${this.name}: ${event} ${JSON.stringify(body)} answered ${JSON.stringify(reply)}`);
    return reply;
  }

  /** The error of a request that must be refused with this code. */
  async refused(code, event, body) {
    const reply = await this.request(event, body);
    assert.equal(reply.error?.code, code, `${this.name}: ${event} answered ${JSON.stringify(reply)}`);
    assert.equal(typeof reply.error.message, 'string');
    return reply.error;
  }

  /** The next event of this name that matches. Earlier ones of that name that do not are dropped. */
  next(event, matches = () => true) {
    return new Promise((resolve, reject) => {
      const look = () => {
        for (let i = 0; i < this.inbox.length; i++) {
          if (this.inbox[i].event !== event) continue;
          const [{ body }] = this.inbox.splice(i--, 1);
          if (!matches(body)) continue;
          clearTimeout(timer);
          this.waiters.delete(look);
          resolve(body);
          return;
        }
      };
      const timer = setTimeout(() => {
        this.waiters.delete(look);
        reject(new Error(`${this.name}: no ${event} came; seen: ${this.names.slice(-30).join(' ')}`));
      }, DEADLINE);
      this.waiters.add(look);
      look();
    });
  }

  /** All events of this name so far. The round trip makes sure that what was emitted before now has come. */
  async seen(event, matches = () => true) {
    await this.ok('link:ping');
    return this.inbox.filter((item) => item.event === event && matches(item.body)).map((item) => item.body);
  }

  /** Empties the inbox after a round trip: what comes from now on is new. */
  async settle() {
    await this.ok('link:ping');
    this.inbox = [];
  }

  /** Resolves with the reason once the socket is disconnected. */
  gone() {
    if (this.socket.disconnected) return Promise.resolve('already');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name} is still connected`)), DEADLINE);
      this.socket.once('disconnect', (reason) => {
        clearTimeout(timer);
        resolve(reason);
      });
    });
  }
}

/** Enters the lobby and a workspace on one connection: {device, lobby, hall, ready, home}. */
export async function arrive(person, { workspace = '/general', ...options } = {}) {
  const device = new Device(person, options);
  const lobby = await device.enter('/');
  const home = await lobby.next('lobby:ready');
  const hall = await device.enter(workspace);
  const ready = await hall.next('workspace:ready');
  return { device, lobby, home, hall, ready, room: (name) => ready.rooms.find((room) => room.name === name) };
}
