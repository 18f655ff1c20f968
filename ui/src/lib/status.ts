// A status is one line: an emoji at its beginning is its picture.

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export interface StatusParts {
  /** Empty: there is none. */
  emoji: string;
  text: string;
}

export function statusParts(status: string | undefined): StatusParts {
  const line = status?.trim() ?? '';
  const first = [...segmenter.segment(line)][0]?.segment ?? '';
  return /\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(first) ? { emoji: first, text: line.slice(first.length).trim() } : { emoji: '', text: line };
}

export function statusLine({ emoji, text }: StatusParts): string {
  return `${emoji} ${text.trim()}`.trim();
}
