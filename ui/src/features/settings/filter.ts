// The settings that somebody looks for: sections are found by their title, rows by what they say.

/** An attachment that shows only what has all words of a query, also of what comes later; `found` hears whether
    anything is left. */
export function showOnly(query: string, found: (any: boolean) => void): (root: HTMLElement) => () => void {
  const words = plain(query).split(/\s+/).filter((word) => word !== '');
  const matches = (text: string): boolean => words.every((word) => text.includes(word));
  return (root) => {
    const look = (): void => {
      let any = false;
      for (const section of root.querySelectorAll('section')) {
        const title = plain(section.querySelector('h3')?.textContent ?? '');
        const rows = [...section.children].filter((row) => row.tagName !== 'H3');
        const left = rows.filter((row) => {
          const shown = matches(`${title} ${saysOf(row)}`);
          row.classList.toggle('d-none', !shown);
          return shown;
        });
        section.classList.toggle('d-none', words.length > 0 && left.length === 0);
        any ||= left.length > 0;
      }
      found(any || words.length === 0);
    };
    look();
    const observer = new MutationObserver(look);
    observer.observe(root, { childList: true, subtree: true, characterData: true });
    return () => observer.disconnect();
  };
}

/** What people read of a row, and what is read to them. */
function saysOf(row: Element): string {
  const labels = [row, ...row.querySelectorAll('[aria-label]')].map((element) => element.getAttribute('aria-label') ?? '');
  return plain([row.textContent ?? '', ...labels].join(' '));
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
