// Addresses of places: what "copy link" gives, and where following one leads. A server answers any path with the page,
// which then reads it; inside the app such a link never leaves it.

export interface Spot {
  workspace: string;
  room: string;
  /** Which entry of the room's log. */
  seq?: number;
}

const PATH = /^\/to\/([a-z0-9-]{1,32})\/([A-Za-z0-9_-]{1,64})(?:\/([1-9]\d{0,14}))?\/?$/;

/** `http://host/to/WORKSPACE/ROOM/SEQ` */
export function linkTo(server: string, { workspace, room, seq }: Spot): string {
  return `${server.replace(/\/$/, '')}/to/${workspace}/${room}${seq === undefined ? '' : `/${seq}`}`;
}

const DEFAULT_PORT = 7300;

/** Whether an address or an invite link leads to this server, as far as host and port say. The forms are those of
    `client/src/address.rs`: a bare host has the default port. */
export function leadsTo(link: string, server: string): boolean {
  const place = placeOf(link);
  return place !== null && place === placeOf(server);
}

function placeOf(link: string): string | null {
  const text = link.trim();
  const bare = /^(?:confab:\/\/join\/)?([^/?#\s]+)/i.exec(/^https?:\/\//i.test(text) ? '' : text)?.[1];
  const named = bare === undefined ? text : `http://${bare}${/:\d+$/.test(bare) ? '' : `:${DEFAULT_PORT}`}`;
  if (!URL.canParse(named)) return null;
  const { protocol, hostname, port } = new URL(named);
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/** The place behind an address of one of these servers; null for any other address. */
export function spotOf(href: string, servers: readonly string[]): Spot | null {
  if (!URL.canParse(href)) return null;
  const { origin, pathname } = new URL(href);
  const ours = servers.some((server) => URL.canParse(server) && new URL(server).origin === origin);
  const found = ours ? PATH.exec(pathname) : null;
  if (!found?.[1] || !found[2]) return null;
  return { workspace: found[1], room: found[2], ...(found[3] ? { seq: Number(found[3]) } : {}) };
}
