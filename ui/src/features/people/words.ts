// What presence and roles are called.

import type { Presence, Role } from '../../bindings';
import type { PlainKey } from '../../lib/locale/message';

export const PRESENCE = { online: 'presence.here', away: 'presence.away', offline: 'presence.offline' } as const satisfies Record<Presence, PlainKey>;
export const ROLES = { owner: 'role.owner', admin: 'role.admin', member: 'role.member', guest: 'role.guest' } as const satisfies Record<Role, PlainKey>;
