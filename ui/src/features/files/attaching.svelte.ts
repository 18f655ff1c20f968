// The files of a message that is being written: taken, uploaded at once, and sent with it. They wait in `App.attached`
// under the draft's key, so that another room or a closed thread loses none.

import { FILES_MAX, type FileInfo, type Picked, type Transfer } from '../../bindings';
import { asRefusal, type Refusal } from '../../lib/error';
import { sizeOf } from '../../lib/size';
import { t } from '../../lib/locale/locale.svelte';
import type { App, Attached } from '../../state/app.svelte';

export class Attaching {
  private refused = $state('');
  /** Somebody wanted to send before all was there. */
  private asked = $state(false);
  private taking = $state(0);

  /** `key` is the draft's. */
  constructor(private readonly app: App, private readonly key: string) {}

  private readonly moving: readonly (Transfer | undefined)[] = $derived.by(() => this.list.map(({ key }) => this.app.transfers.get(key)));
  /** What the message takes: those that are there. */
  readonly files: readonly FileInfo[] = $derived.by(() => this.moving.flatMap((one) => (one?.state.is === 'done' ? [one.state.file] : [])));
  readonly ready = $derived.by(() => this.taking === 0 && this.files.length === this.list.length);

  private readonly stuck = $derived.by(() => this.moving.some((one, at) => one?.state.is === 'failed' || one?.state.is === 'paused' || this.list[at]?.error !== undefined));
  /** What could not be taken, or why the message cannot go yet. */
  readonly problem = $derived.by(() => {
    if (this.refused !== '' || !this.asked || this.ready) return this.refused;
    return this.stuck ? t('files.not_all') : t('files.not_yet');
  });

  // No `$derived`: it is read by what goes on after its room was left, too.
  get list(): readonly Attached[] {
    return this.app.attached.get(this.key) ?? [];
  }

  /** The system's dialog. */
  async choose(): Promise<void> {
    const picked = await this.app.attempt(() => this.app.port.files.pick({ images: false, many: true }));
    if (picked) await this.takePicked(picked);
  }

  /** What the shell took over: chosen, or dropped on the window. */
  async takePicked(picked: readonly Picked[]): Promise<void> {
    this.refused = '';
    await Promise.all(picked.map((file) => this.put(file)));
  }

  /** What is pasted and the page does not get; true when that was something. */
  async paste(paste: () => Promise<Picked[]>): Promise<boolean> {
    this.taking += 1;
    const picked = await this.app.attempt(paste);
    this.taking -= 1;
    if (picked && picked.length > 0) await this.takePicked(picked);
    return picked === undefined || picked.length > 0;
  }

  /** Pasted or dropped. */
  async take(files: readonly File[]): Promise<void> {
    this.refused = '';
    this.taking += 1;
    for (const file of files) {
      if (this.refuses({ name: file.name, bytes: file.size })) continue;
      const picked = await this.app.attempt(() => this.app.port.files.take(file));
      const preview = file.type.startsWith('image/') && 'createObjectURL' in URL ? URL.createObjectURL(file) : undefined;
      if (picked) await this.put(picked, preview);
    }
    this.taking -= 1;
  }

  /** Again, or for the first time when it could not begin. */
  async retry({ key }: Attached): Promise<void> {
    if (this.app.transfers.has(key)) await this.app.attempt(() => this.app.port.files.resume(key));
    else await this.begin(key);
  }

  pause = ({ key }: Attached): Promise<void> => this.quietly(() => this.app.port.files.pause(key));

  async remove(one: Attached): Promise<void> {
    this.refused = '';
    this.change((list) => list.filter(({ key }) => key !== one.key));
    await this.drop(one);
  }

  /** Whether the message may go; `problem` says why not. */
  check(): boolean {
    this.refused = '';
    this.asked = !this.ready;
    return this.ready;
  }

  /** Takes what is there out of the draft, for a message on its way. */
  takeOut(): readonly Attached[] {
    const { list } = this;
    this.change(() => []);
    return list;
  }

  /** The message was not queued after all. */
  giveBack(list: readonly Attached[]): void {
    this.change((now) => [...list, ...now]);
  }

  /** The message has them: their transfers are done with. */
  async sent(list: readonly Attached[]): Promise<void> {
    await Promise.all(list.map((one) => this.drop(one)));
  }

  private async put(picked: Picked, preview?: string): Promise<void> {
    if (this.refuses(picked)) {
      if (preview !== undefined) URL.revokeObjectURL(preview);
      return this.quietly(() => this.app.port.files.forget(picked.key));
    }
    this.change((list) => [...list, { ...picked, ...(preview === undefined ? {} : { preview }) }]);
    await this.begin(picked.key);
  }

  /** Said before anything moves. */
  private refuses({ name, bytes }: { name: string; bytes: number }): boolean {
    const most = this.app.lobby.server?.limits.file_bytes ?? Infinity;
    if (bytes > most) this.refused = t('files.too_large', { name, size: sizeOf(bytes), most: sizeOf(most) });
    else if (this.list.length >= FILES_MAX) this.refused = t('files.too_many', { n: FILES_MAX });
    else return false;
    return true;
  }

  private async begin(key: string): Promise<void> {
    this.mark(key, undefined);
    try {
      await this.app.port.files.upload(key);
    } catch (thrown) {
      this.mark(key, asRefusal(thrown));
    }
  }

  private mark(key: string, error: Refusal | undefined): void {
    this.change((list) => list.map((one) => {
      if (one.key !== key) return one;
      const { error: _, ...rest } = one;
      return error === undefined ? rest : { ...rest, error };
    }));
  }

  private async drop({ key, preview }: Attached): Promise<void> {
    const known = this.app.transfers.has(key);
    this.app.transfers.delete(key);
    if (preview !== undefined) URL.revokeObjectURL(preview);
    await this.quietly(() => (known ? this.app.port.files.cancel(key) : this.app.port.files.forget(key)));
  }

  private change(by: (list: readonly Attached[]) => readonly Attached[]): void {
    const list = by(this.list);
    if (list.length === 0) this.app.attached.delete(this.key);
    else this.app.attached.set(this.key, list);
  }

  /** What is gone already needs no word. */
  private quietly(action: () => Promise<void>): Promise<void> {
    return action().catch(() => undefined);
  }
}
