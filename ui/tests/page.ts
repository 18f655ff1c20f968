// The whole UI over a scripted back end, and the few verbs that its tests need.

import { flushSync, mount, unmount } from 'svelte';

import AppView from '../src/App.svelte';
import { FakePort, type FakeWorld } from '../src/port/fake';
import type { App } from '../src/state/app.svelte';
import { Servers } from '../src/state/servers.svelte';

export class Page {
  readonly port: FakePort;
  readonly servers: Servers;
  private readonly view: object;
  private readonly target = document.body.appendChild(document.createElement('div'));

  private constructor(port: FakePort) {
    this.port = port;
    this.servers = new Servers(port);
    this.view = mount(AppView, { target: this.target, props: { servers: this.servers } });
  }

  static async open(world: FakeWorld | FakePort, shell: Partial<Pick<FakePort, 'desktop' | 'notifier'>> = {}): Promise<Page> {
    const page = new Page(Object.assign(world instanceof FakePort ? world : new FakePort(world), shell));
    await page.servers.start();
    await page.settled();
    return page;
  }

  /** The account in front. */
  get app(): App {
    if (!this.servers.front) throw new Error('nobody is signed in');
    return this.servers.front;
  }

  async close(): Promise<void> {
    await unmount(this.view);
    this.target.remove();
  }

  /** Everything that was under way without a timer has happened. */
  async settled(): Promise<void> {
    for (let i = 0; i < 12; i++) await Promise.resolve();
    flushSync();
    for (let i = 0; i < 4; i++) await Promise.resolve();
    flushSync();
  }

  all(testid: string): HTMLElement[] {
    return [...document.querySelectorAll<HTMLElement>('[data-testid]')].filter((el) => el.dataset['testid'] === testid);
  }

  get(testid: string): HTMLElement {
    const found = this.all(testid);
    if (found.length !== 1) throw new Error(`${found.length} elements are ${testid}`);
    return found[0] as HTMLElement;
  }

  has(testid: string): boolean {
    return this.all(testid).length > 0;
  }

  text(testid: string): string {
    return this.get(testid).textContent?.replace(/\s+/g, ' ').trim() ?? '';
  }

  async click(testid: string): Promise<void> {
    this.get(testid).click();
    await this.settled();
  }

  /** The pointer comes over a row, so that its toolbar is there. */
  async hover(row: HTMLElement | undefined): Promise<void> {
    row?.dispatchEvent(new MouseEvent('pointerenter'));
    await this.settled();
  }

  /** The menu of a message, by the right button. */
  async menuOf(row: HTMLElement | undefined): Promise<void> {
    row?.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: 9, clientY: 9, detail: 1 }));
    await this.settled();
  }

  async type(testid: string, value: string): Promise<void> {
    const field = this.get(testid) as HTMLInputElement | HTMLTextAreaElement;
    field.value = value;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    await this.settled();
  }

  async submit(testid: string): Promise<void> {
    const form = this.get(testid).closest('form');
    form?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
    await this.settled();
  }

  async press(testid: string, key: string, more: KeyboardEventInit = {}): Promise<void> {
    this.get(testid).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
    await this.settled();
  }

  /** The messages that are drawn: their text and how far they are. */
  messages(): { text: string; state: string | undefined }[] {
    return this.all('message').map((row) => ({
      text: row.querySelector('[data-testid="message-text"]')?.textContent?.trim() ?? row.querySelector('.gone')?.textContent ?? '',
      state: row.dataset['state'],
    }));
  }
}
