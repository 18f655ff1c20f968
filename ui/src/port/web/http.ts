// The HTTP half of the contract, under /api/v1 of the page's own origin. The session is a cookie that scripts cannot
// read: `X-Confab-Session: cookie` asks the server to set it, and nothing here ever sees a token.

import type { Account, Invite, InviteInfo, InviteRequest, ProfileChange, ServerInfo, Session, SignedIn, User } from '../../bindings';
import { isRefusal, refusal, type Refusal } from '../../lib/error';
import { t } from '../../lib/locale/locale.svelte';

const TIMEOUT_MS = 15_000;

export class Api {
  constructor(
    readonly origin: string,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
  ) {}

  server = (): Promise<ServerInfo> => this.call('GET', '/server');
  me = (): Promise<User> => this.call('GET', '/me');
  updateProfile = (change: ProfileChange): Promise<User> => this.call('PATCH', '/me', change);
  invite = (code: string): Promise<InviteInfo> => this.call('GET', `/invites/${encodeURIComponent(code)}`);
  createInvite = (request: InviteRequest): Promise<Invite> => this.call('POST', '/invites', request);
  sessions = async (): Promise<Session[]> => listOf(await this.call('GET', '/sessions'), 'sessions');
  revokeSession = (id: string): Promise<void> => this.call('DELETE', `/sessions/${encodeURIComponent(id)}`);
  signOut = (): Promise<void> => this.call('DELETE', '/sessions/current');

  /** One of the calls that begin a session. */
  async beginSession(path: '/setup' | '/accounts' | '/guests' | '/sessions', body: object): Promise<Account> {
    const { user } = await this.call<SignedIn>('POST', path, body, { 'X-Confab-Session': 'cookie' });
    const { name } = await this.server();
    return { address: this.origin, server_name: name, user };
  }

  /** Any of the calls with a JSON body. */
  async call<T>(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
    let response: Response;
    try {
      response = await this.fetcher(`${this.origin}/api/v1${path}`, {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    } catch {
      throw refusal('unavailable', t('error.no_server'));
    }
    const text = await response.text().catch(() => '');
    const answer = parseJson(text);
    if (!response.ok) throw refusalIn(answer, response.status);
    return answer as T;
  }
}

export function parseJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function refusalIn(answer: unknown, status: number): Refusal {
  const error = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : answer;
  if (isRefusal(error)) return error;
  const code = status === 401 ? 'unauthorized' : status === 404 ? 'not_found' : status >= 500 ? 'unavailable' : 'bad_request';
  return refusal(code, t('error.status', { status: `${status}` }));
}

/** Lists come bare or under their name. */
function listOf(answer: unknown, name: string): Session[] {
  if (Array.isArray(answer)) return answer as Session[];
  const under = typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>)[name] : undefined;
  return Array.isArray(under) ? (under as Session[]) : [];
}
