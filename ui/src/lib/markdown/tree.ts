// What a message's text means: a tree that is drawn as nodes, never as HTML. Every `href` in it may be followed.

export type Inline =
  | { is: 'text'; text: string }
  | { is: 'code'; text: string }
  | { is: 'break' }
  /** `@login`: drawn as a mention where somebody has that login. */
  | { is: 'mention'; text: string; login: string }
  /** `#name`: drawn as a link where there is such a room. */
  | { is: 'room'; text: string; name: string }
  | { is: 'link'; href: string; children: Inline[] }
  | { is: 'strong' | 'em' | 'del' | 'spoiler'; children: Inline[] };

export interface ListItem {
  /** Of a task: whether it is done. */
  done?: boolean;
  children: Block[];
}

export type Align = 'start' | 'center' | 'end';

export type Block =
  | { is: 'paragraph'; children: Inline[] }
  | { is: 'heading'; level: number; children: Inline[] }
  | { is: 'code'; language: string; text: string }
  | { is: 'quote'; children: Block[] }
  | { is: 'list'; start: number | null; items: ListItem[] }
  | { is: 'table'; align: Align[]; rows: Inline[][][] }
  | { is: 'rule' };
