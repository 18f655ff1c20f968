// Who is signed in at this browser, so that the page opens on yesterday's state before the server says so. Nothing
// secret: the session itself is a cookie that scripts cannot read.

import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

import type { Account } from '../../bindings';
import { IndexedDisk, NoDisk, type Disk } from './disk';

/** A database that another tab is deleting does not open before that tab lets go of it. */
const PATIENCE_MS = 4_000;
/** What was written and not sent outlives a session that others ended, but not for ever. */
const KEPT_MS = 30 * 24 * 3_600_000;

interface Schema extends DBSchema {
  account: { key: string; value: Account };
  /** Accounts whose session was ended from elsewhere, and when. */
  ended: { key: string; value: number };
}

const ONE = 'one';

export class Device {
  private readonly db: Promise<IDBPDatabase<Schema> | undefined>;

  constructor(private readonly now: () => number = Date.now) {
    this.db = openAccounts().catch((thrown: unknown) => void console.warn('this browser keeps nothing', thrown));
  }

  async account(): Promise<Account | undefined> {
    return this.attempt((db) => db.get('account', ONE));
  }

  /** Somebody signed in. */
  async keep(account: Account): Promise<void> {
    await this.attempt(async (db) => {
      await db.put('account', account, ONE);
      await db.delete('ended', account.user.id);
      for (const id of await db.getAllKeys('ended')) {
        if (((await db.get('ended', id)) ?? 0) + KEPT_MS > this.now()) continue;
        await IndexedDisk.destroy(id);
        await db.delete('ended', id);
      }
    });
  }

  /** They signed out themselves, or were signed out: then what they had not sent waits for them for a while. */
  async forget(account: string, how: 'left' | 'ended'): Promise<void> {
    await this.attempt(async (db) => {
      if ((await db.get('account', ONE))?.user.id === account) await db.delete('account', ONE);
      if (how === 'ended') await db.put('ended', this.now(), account);
    });
  }

  /** The account's database; where the browser keeps nothing, one that keeps nothing. */
  async disk(account: string): Promise<{ disk: Disk; durable: boolean }> {
    try {
      if (await this.db) return { disk: await inTime(IndexedDisk.open(account)), durable: true };
    } catch (thrown) {
      console.warn('this browser keeps nothing', thrown);
    }
    return { disk: new NoDisk(), durable: false };
  }

  private async attempt<T>(action: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T | undefined> {
    try {
      const db = await this.db;
      return db && (await action(db));
    } catch (thrown) {
      console.warn('the browser could not keep who is signed in', thrown);
      return undefined;
    }
  }
}

/** Rejects where there is no database, or none for this page. */
async function openAccounts(): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>('confab', 1, {
    upgrade(made) {
      made.createObjectStore('account');
      made.createObjectStore('ended');
    },
    blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
  });
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('the database does not open')), PATIENCE_MS));
  return Promise.race([answer, late]);
}
