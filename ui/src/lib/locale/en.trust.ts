// English of what comes by itself: the page about a server with another certificate, and the way from a browser into the app.

export const enTrust = {
  'changed.title': 'This is not the server that you know',
  'changed.what': '{server} shows another certificate than before. Either it was set up anew, or somebody is in between and pretends to be it. Nothing that you wrote was sent there.',
  'changed.ask': 'Ask its host, by another way than this network, for a new invite link or for the fingerprint of its certificate, and put it here:',
  'changed.trust': 'Trust this one',
  'changed.another': 'That is not the certificate that the server shows. Do not go on before its host has told you why.',
  'join.in_app': 'Open it in the Confab app',
} as const;
