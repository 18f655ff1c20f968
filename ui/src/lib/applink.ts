/** The invite link of this page as the desktop app opens it. It has no scheme for the server: a port always, and the
    certificate's fingerprint where the page's address has it. */
export function appLink({ protocol, hostname, port, hash }: Pick<Location, 'protocol' | 'hostname' | 'port' | 'hash'>, invite: string): string {
  const at = port || (protocol === 'https:' ? '443' : '80');
  const pin = /^#[0-9a-f]{64}$/.test(hash) ? hash : '';
  return `confab://join/${hostname}:${at}/${encodeURIComponent(invite)}${pin}`;
}
