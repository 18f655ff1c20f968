// Files without a server: what is "uploaded" is done at once, or held until the test moves it on.

import type { DragOut, FileInfo, Picked, Transfer, TransferState, Update, User } from '../../bindings';
import { refusal, type Refusal } from '../../lib/error';
import type { Files } from '../index';
import type { FakeWorld } from './index';

export class FakeFiles implements Files {
  /** What becomes of a transfer: done at once, or left running until `move` or `settle`. */
  moving: 'done' | 'hold' = 'done';
  /** What the dialog will answer. */
  chosen: File[] = [];
  /** What is in the clipboard; null when the engine gives it to the page. */
  paste: (() => Promise<Picked[]>) | null = null;
  /** Brings a film here; null when the player does by itself. */
  fetch: Files['fetch'] = null;
  private readonly picked = new Map<string, File>();
  private readonly transfers = new Map<string, Transfer>();
  private readonly contents = new Map<string, string>();
  private count = 0;

  constructor(private readonly emit: (update: Update) => void, private readonly world: () => FakeWorld) {}

  // --- the script ---

  /** So many bytes have moved. */
  move(key: string, moved: number): void {
    this.change(key, { is: 'running' }, moved);
  }

  /** Ends a transfer: done, or refused. */
  settle(key: string, error?: Refusal): void {
    const transfer = this.of(key);
    this.change(key, error ? { is: 'failed', error } : { is: 'done', file: this.infoOf(transfer) }, error ? transfer.moved : transfer.bytes);
  }

  /** What a file's address shows. */
  put(id: string, url: string): void {
    this.contents.set(id, url);
  }

  // --- the port ---

  async pick(): Promise<Picked[]> {
    return this.chosen.map((file) => this.keep(file));
  }

  take = async (file: File): Promise<Picked> => this.keep(file);

  async forget(key: string): Promise<void> {
    this.picked.delete(key);
  }

  async upload(key: string): Promise<void> {
    const file = this.picked.get(key);
    if (!file) throw refusal('not_found', 'That file is not here any more. Choose it again.');
    if (file.size > this.world().server.limits.file_bytes) throw refusal('too_large', 'The file is too large.');
    this.transfers.set(key, { key, way: 'up', name: file.name, bytes: file.size, moved: 0, state: { is: 'waiting' } });
    this.change(key, { is: 'running' }, 0);
    if (this.moving === 'done') queueMicrotask(() => this.settle(key));
  }

  pause = async (key: string): Promise<void> => this.change(key, { is: 'paused' });
  resume = async (key: string): Promise<void> => this.change(key, { is: 'running' });

  async cancel(key: string): Promise<void> {
    if (this.of(key).state.is !== 'done') this.change(key, { is: 'cancelled' });
    this.transfers.delete(key);
  }

  async download(file: FileInfo): Promise<string> {
    const key = `down-${++this.count}`;
    this.transfers.set(key, { key, way: 'down', name: file.name, bytes: file.bytes, moved: 0, state: { is: 'waiting' } });
    this.change(key, { is: 'running' }, 0);
    if (this.moving === 'done') queueMicrotask(() => this.change(key, { is: 'done', file }, file.bytes));
    return key;
  }

  /** What becomes of a drag out of the window; null where the browser does it. */
  dragged: Promise<DragOut> | null = null;
  drag = (): Promise<DragOut> | null => this.dragged;

  url = (id: string): string => this.contents.get(id) ?? `data:,${id}`;
  thumbUrl = (id: string): string => this.url(id);

  async setAvatar(file: string | null): Promise<User> {
    const { avatar: _, ...user } = this.world().user;
    const own = file === null ? {} : { avatar: file };
    for (const { workspace, members, me } of this.world().workspaces) {
      const { avatar: _, ...rest } = members.find((member) => member.id === user.id) ?? me;
      this.emit({ type: 'member_changed', slug: workspace.slug, member: { ...rest, ...own } });
    }
    return (this.world().user = { ...user, ...own });
  }

  private keep(file: File): Picked {
    const key = `picked-${++this.count}`;
    this.picked.set(key, file);
    return { key, name: file.name, bytes: file.size };
  }

  private infoOf({ key, name, bytes }: Transfer): FileInfo {
    const file = this.picked.get(key);
    const mime = file?.type || 'application/octet-stream';
    const image = mime.startsWith('image/');
    const id = `file-${key}`;
    if (file && image && 'createObjectURL' in URL) this.contents.set(id, URL.createObjectURL(file));
    return { id, name, mime, bytes, sha256: '0'.repeat(64), thumb: image, ...(image ? { width: 640, height: 480 } : {}) };
  }

  private of(key: string): Transfer {
    const transfer = this.transfers.get(key);
    if (!transfer) throw refusal('not_found', 'There is nothing here under that id.');
    return transfer;
  }

  private change(key: string, state: TransferState, moved = this.of(key).moved): void {
    const transfer = { ...this.of(key), state, moved };
    this.transfers.set(key, transfer);
    this.emit({ type: 'transfer', transfer });
  }
}
