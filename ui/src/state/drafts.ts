// What was typed and not sent, kept per person and room over a reload, gone with the session.

const PREFIX = 'confab.draft.';

export function keptDraft(user: string, room: string): string {
  try {
    return localStorage.getItem(`${PREFIX}${user}.${room}`) ?? '';
  } catch {
    return '';
  }
}

export function keepDraft(user: string, room: string, text: string): void {
  try {
    if (text.trim() === '') localStorage.removeItem(`${PREFIX}${user}.${room}`);
    else localStorage.setItem(`${PREFIX}${user}.${room}`, text);
  } catch {
    // Storage may be full or forbidden: the draft lives in memory then.
  }
}

export function forgetDrafts(user: string): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(`${PREFIX}${user}.`)) localStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}
