// English of the list of servers on this network, which comes with it: a browser has none.

export const enNearby = {
  'nearby.title': 'On this network',
  'nearby.looking': 'Looking… What appears is listed here by itself.',
  'nearby.why': 'Why can’t I see it?',
  'nearby.lead': 'Confab listens to the network for three seconds, and tries the server’s address if you know it.',
  'nearby.address': 'The server’s address, if you know it',
  'nearby.check': 'Find out',
  'nearby.checking': 'Listening…',
  'nearby.network': 'This computer is on {networks}.',
  'nearby.no_network': 'This computer is on no network. Connect it to the one that the server is on.',
  'nearby.refused': 'The system does not let Confab ask the network: {reason}. Allow it to use the local network (UDP port 5353).',
  'nearby.heard': { one: 'One other device answers: announcements get through.', other: '{n} other devices answer: announcements get through.' },
  'nearby.heard_none': 'No other device answers. Either a firewall on this computer stops multicast DNS (UDP port 5353), or the Wi-Fi keeps its devices apart: guest networks do, and routers call it client isolation.',
  'nearby.tunnel': 'A VPN is on ({name}). Announcements do not come through it: switch it off for a moment if the server is near you.',
  'nearby.reached': 'The server answers at that address, seen here or not: join by it.',
  'nearby.silent': 'Nothing answers at that address. Is the server running, and does its own firewall let others in?',
  'nearby.other_network': 'That address is in another network than this computer. Announcements stay in their own: join the same Wi-Fi, or ask who runs the network how to get there.',
  'nearby.host_side': 'Where it is hosted, “Let others on this network join” must be on.',
  'nearby.use': 'Join by this address',
} as const;
