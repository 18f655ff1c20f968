/** What the words of a message may stand for, and what becomes of a click on them. */
export interface Known {
  logins: ReadonlySet<string>;
  /** The reader's own login. */
  me: string;
  /** Ids of rooms by name. */
  rooms: ReadonlyMap<string, string>;
  openRoom(id: string): void;
  /** Follows a link that stays inside; false: the browser follows it. */
  follow(href: string): boolean;
}
