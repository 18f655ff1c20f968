// Files in a browser: up in pieces through the resumable calls, so that a lost connection or a pause loses nothing while
// the page is open. Down, the browser saves by itself, with the session's cookie.

import type { FileInfo, Picked, Transfer, TransferState, Update, Upload, User } from '../../bindings';
import { asRefusal, refusal } from '../../lib/error';
import { t } from '../../lib/locale/locale.svelte';
import { sizeOf } from '../../lib/size';
import type { Files } from '../index';
import { Backoff } from './backoff';
import { refusalIn, parseJson, type Api } from './http';
import { uuid7 } from './uuid';

const PIECE = 1024 * 1024;
/** How long one piece may take. */
const PATIENCE_MS = 60_000;

interface Around {
  emit(update: Update): void;
}

interface Running {
  view: Transfer;
  readonly file: File;
  /** The server's id of the upload. */
  id?: string;
  wish: 'go' | 'pause' | 'cancel';
  /** Ends what is on the wire, or the wait for the next attempt. */
  stop: AbortController;
  busy: boolean;
}

export class WebFiles implements Files {
  private readonly picked = new Map<string, File>();
  private readonly running = new Map<string, Running>();

  constructor(private readonly api: Api, private readonly around: Around) {}

  pick({ images, many }: { images: boolean; many: boolean }): Promise<Picked[]> {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = many;
    if (images) input.accept = 'image/png,image/jpeg,image/gif,image/webp';
    return new Promise((answer) => {
      input.addEventListener('cancel', () => answer([]));
      input.addEventListener('change', () => answer([...(input.files ?? [])].map((file) => this.keep(file))));
      input.click();
    });
  }

  take = async (file: File): Promise<Picked> => this.keep(file);

  async forget(key: string): Promise<void> {
    this.picked.delete(key);
  }

  async upload(key: string): Promise<void> {
    const file = this.picked.get(key);
    if (!file) throw refusal('not_found', t('error.file_gone'));
    const { limits } = await this.api.server();
    if (file.size > limits.file_bytes) throw refusal('too_large', t('error.file_most', { size: sizeOf(limits.file_bytes) }));
    this.picked.delete(key);
    const view: Transfer = { key, way: 'up', name: file.name, bytes: file.size, moved: 0, state: { is: 'waiting' } };
    const running: Running = { view, file, wish: 'go', stop: new AbortController(), busy: false };
    this.running.set(key, running);
    void this.drive(running);
  }

  pause = async (key: string): Promise<void> => this.wish(key, 'pause');
  resume = async (key: string): Promise<void> => this.wish(key, 'go');
  cancel = async (key: string): Promise<void> => this.wish(key, 'cancel');

  async download({ id, name }: FileInfo): Promise<null> {
    const link = document.createElement('a');
    link.href = this.url(id);
    link.download = name;
    link.click();
    return null;
  }

  readonly paste = null;
  readonly fetch = null;

  drag({ id, name, mime }: FileInfo, transfer: DataTransfer): null {
    const address = new URL(this.url(id), location.href).href;
    transfer.effectAllowed = 'copy';
    // Chromium saves this where it is dropped; the server's names have no colon.
    transfer.setData('DownloadURL', `${mime}:${name}:${address}`);
    transfer.setData('text/uri-list', address);
    return null;
  }

  url = (id: string): string => `${this.api.origin}/api/v1/files/${encodeURIComponent(id)}`;
  thumbUrl = (id: string): string => `${this.url(id)}/thumb`;

  setAvatar = (file: string | null): Promise<User> => this.api.call('PATCH', '/me', { avatar: file });

  /** The session is over: nothing goes on. */
  close(): void {
    for (const running of this.running.values()) {
      running.wish = 'pause';
      running.stop.abort();
    }
    this.running.clear();
    this.picked.clear();
  }

  private keep(file: File): Picked {
    const key = uuid7();
    this.picked.set(key, file);
    return { key, name: file.name, bytes: file.size };
  }

  private wish(key: string, wish: Running['wish']): void {
    const running = this.running.get(key);
    if (!running) throw refusal('not_found', t('error.no_transfer'));
    if (running.view.state.is === 'done') {
      if (wish === 'cancel') this.running.delete(key);
      return;
    }
    running.wish = wish;
    running.stop.abort();
    running.stop = new AbortController();
    if (!running.busy) void this.drive(running);
  }

  /** Until it is done, refused for good, or wished otherwise. */
  private async drive(running: Running): Promise<void> {
    running.busy = true;
    const backoff = new Backoff('request');
    for (;;) {
      if (running.wish === 'cancel') {
        if (running.id) void this.api.call('DELETE', `/uploads/${running.id}`).catch(() => undefined);
        this.running.delete(running.view.key);
        this.tell(running, { is: 'cancelled' });
        break;
      }
      if (running.wish === 'pause') {
        this.tell(running, { is: 'paused' });
        break;
      }
      this.tell(running, { is: 'running' });
      const { stop } = running;
      try {
        this.tell(running, { is: 'done', file: await this.attempt(running, stop.signal) });
        break;
      } catch (thrown) {
        if (stop.signal.aborted) continue;
        const error = asRefusal(thrown);
        if (!['rate_limited', 'unavailable', 'internal'].includes(error.code)) {
          this.tell(running, { is: 'failed', error });
          break;
        }
        this.tell(running, { is: 'waiting' });
        await rest(backoff.failed(error.retry_after_ms), stop.signal);
      }
    }
    running.busy = false;
  }

  private async attempt(running: Running, signal: AbortSignal): Promise<FileInfo> {
    const { file } = running;
    let at = await this.place(running);
    for (;;) {
      running.view = { ...running.view, moved: at.offset };
      if (at.file) return at.file;
      this.tell(running, { is: 'running' });
      at = await this.piece(at, file.slice(at.offset, at.offset + PIECE), signal);
    }
  }

  private async place(running: Running): Promise<Upload> {
    if (running.id) {
      try {
        return await this.api.call<Upload>('GET', `/uploads/${running.id}`);
      } catch (thrown) {
        // Swept meanwhile: from the beginning.
        if (asRefusal(thrown).code !== 'not_found') throw thrown;
      }
    }
    const { file } = running;
    const begun = await this.api.call<Upload>('POST', '/uploads', { name: file.name, bytes: file.size });
    running.id = begun.id;
    return begun;
  }

  private async piece(at: Upload, piece: Blob, signal: AbortSignal): Promise<Upload> {
    let response: Response;
    try {
      response = await fetch(`${this.api.origin}/api/v1/uploads/${at.id}`, {
        method: 'PATCH',
        credentials: 'same-origin',
        signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
        headers: { 'Upload-Offset': `${at.offset}`, 'Content-Type': 'application/offset+octet-stream' },
        body: piece,
      });
    } catch {
      throw refusal('unavailable', t('error.file_broken'));
    }
    const answer = parseJson(await response.text().catch(() => ''));
    if (response.ok) return answer as Upload;
    const error = refusalIn(answer, response.status);
    // An earlier piece arrived after all: the next attempt asks where the server is.
    throw error.code === 'conflict' ? refusal('unavailable', error.message) : error;
  }

  private tell(running: Running, state: TransferState): void {
    running.view = { ...running.view, state };
    this.around.emit({ type: 'transfer', transfer: running.view });
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
