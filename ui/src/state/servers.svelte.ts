// The accounts of this device, each an `App` over a port of its own, and which of them is in front. All of them are connected,
// receive and count; only the one in front is drawn. Here too is what they share: looks, toasts, the window, and the ways in.

import { tick } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';

import type { CredentialStore, Hosting, NearbyServer, Probe, Seat, Update } from '../bindings';
import { asRefusal, reason, type Refusal } from '../lib/error';
import { languageFor, locale, t } from '../lib/locale/locale.svelte';
import { warningText } from '../lib/warning';
import type { Shell } from '../port';
import { App, type Dropped } from './app.svelte';
import { Choices } from './choices.svelte';
import { leadsTo, spotOf } from './links';
import { SettingsState } from './settings.svelte';
import { Toasts } from './toasts.svelte';
import { Zoom } from './zoom';

export class Servers {
  phase = $state<'starting' | 'failed' | 'ready'>('starting');
  /** Why the app could not start, or why nobody is signed in any more. */
  problem = $state.raw<Refusal | null>(null);
  /** The server that this app hosts. */
  hosting = $state.raw<Hosting | null>(null);
  credentials = $state<CredentialStore>('memory');
  canHost = $state(false);
  /** Whether there may be more than one account. */
  canAdd = $state(false);
  /** Somebody who is signed in looks for another server. */
  adding = $state(false);
  /** An invite link that was opened, until somebody has looked behind it. */
  link = $state<string | null>(null);
  /** The servers that are seen on this network, while somebody looks for them. */
  nearby = $state.raw<readonly NearbyServer[]>([]);
  readonly settings: SettingsState;
  readonly choices = new Choices();
  readonly toasts = new Toasts();
  readonly zoom: Zoom | null;
  private readonly apps = new SvelteMap<string, App>();
  private inFront = $state<string | null>(null);
  private stop: (() => void) | undefined;
  private drawn = false;

  /** In the order in which they came. */
  readonly list: readonly App[] = $derived([...this.apps.values()]);
  readonly front: App | null = $derived(this.inFront === null ? null : (this.apps.get(this.inFront) ?? null));
  /** Names are needed to tell them apart. */
  readonly several: boolean = $derived(this.apps.size > 1);
  readonly mentions: number = $derived(this.list.reduce((sum, app) => sum + app.mentions, 0));
  readonly unread: boolean = $derived(this.list.some((app) => app.unread));

  constructor(readonly shell: Shell) {
    this.zoom = shell.desktop && new Zoom(shell.desktop);
    this.settings = new SettingsState((settings) => {
      shell.saveSettings(settings).catch((thrown: unknown) => this.toasts.refused(asRefusal(thrown)));
    });
  }

  async start(): Promise<void> {
    this.phase = 'starting';
    this.problem = null;
    this.stop?.();
    this.stop = this.shell.listen((update) => this.apply(update));
    try {
      const start = await this.shell.start();
      await this.settings.load(start.settings);
      this.hosting = start.hosting;
      this.credentials = start.credentials;
      this.canHost = start.can_host;
      this.canAdd = start.can_add;
      for (const app of this.list) app.end();
      this.apps.clear();
      for (const seat of start.accounts) this.seat(seat);
      this.inFront = (this.list.find(({ key }) => key === start.front) ?? this.list[0])?.key ?? null;
      this.readAddress();
      for (const app of this.list) app.begin();
      this.phase = 'ready';
      // It was opened while nobody knew yet who is here.
      if (this.link !== null && this.front) this.join(this.link);
    } catch (thrown) {
      await locale.use(languageFor('system'));
      this.problem = asRefusal(thrown);
      this.phase = 'failed';
    }
  }

  /** Somebody signed in, and is looked at. */
  signedIn(seat: Seat): void {
    const app = this.seat(seat);
    this.inFront = app.key;
    this.adding = false;
    this.problem = null;
    if (this.link !== null) this.refuse(app);
    this.link = null;
    app.begin();
  }

  /** An account has ended, for the others to go on. */
  signedOut(app: App, error: Refusal | null): void {
    if (this.apps.get(app.key) !== app) return;
    const at = this.list.indexOf(app);
    app.end();
    app.forget();
    this.apps.delete(app.key);
    const next = this.list[Math.min(at, this.list.length - 1)];
    if (!next) {
      this.inFront = null;
      this.adding = false;
      this.choices.forgetUse();
      this.problem = error;
      return;
    }
    if (error) this.toasts.notice(t('servers.signed_out', { server: app.account.server_name, reason: reason(error) }));
    if (this.inFront === app.key) this.bringForward(next.key);
  }

  /** Shows another account. What lay over the one before does not wait there. */
  bringForward(key: string): void {
    this.adding = false;
    const app = this.apps.get(key);
    if (!app || this.inFront === key) return;
    if (this.front) this.front.dialog = this.front.card = this.front.lightbox = null;
    this.inFront = key;
    app.cameForward();
    // Where it cannot be written down, the next start shows the one before.
    app.port.toFront().catch(() => undefined);
  }

  isInFront(app: App): boolean {
    return this.front === app && !this.adding;
  }

  /** The account on the server that was found, when there is one. */
  at({ address, server }: Probe): App | undefined {
    return this.list.find((app) => app.account.address === address || app.lobby.server?.id === server.id);
  }

  /** Goes to a server where somebody is signed in already; they do not become somebody else by an invitation. */
  goTo(app: App, invited: boolean): void {
    this.bringForward(app.key);
    if (invited) this.refuse(app);
  }

  /** Goes where a link leads; false when it leads out of the app. */
  follow(href: string): boolean {
    for (const app of this.front ? [this.front, ...this.list] : []) {
      const spot = app.spotOf(href);
      if (!spot) continue;
      app.visit(spot);
      return true;
    }
    return false;
  }

  /** Somebody is at this device, or not: on all servers alike. */
  used(state: 'online' | 'away'): void {
    for (const app of this.list) void app.used(state);
  }

  /** A room's timeline is in the page; the first one is told once it is on the screen. */
  roomDrawn(): void {
    if (this.drawn) return;
    this.drawn = true;
    requestAnimationFrame(() => requestAnimationFrame(() => this.shell.drawn()));
  }

  private apply(update: Update): void {
    switch (update.type) {
      case 'join':
        return this.join(update.link);
      case 'nearby':
        this.nearby = update.servers;
        return;
      case 'dropped':
        return void this.hand(update);
      case 'quitting':
        return void this.confirmQuit(update.others);
      case 'warning':
        return this.toasts.notice(warningText(update.warning));
      default:
    }
  }

  /** Hands what was dropped to the area that it was dropped on. Where none takes it, it must not wait for another room. */
  private async hand(dropped: Dropped): Promise<void> {
    const { front } = this;
    if (!front) return;
    front.dropped = dropped;
    await tick();
    if (front.dropped !== dropped) return;
    front.dropped = null;
    for (const { key } of dropped.files) front.port.files.forget(key).catch(() => undefined);
  }

  /** An invite link was opened: the start page looks behind it, unless its server is known. */
  private join(link: string): void {
    const known = this.list.find((app) => leadsTo(link, app.account.address));
    this.link = known ? null : link;
    if (known) this.goTo(known, true);
    else this.adding = this.front !== null;
  }

  /** Others are cut off when the app quits that hosts them. */
  private async confirmQuit(others: number): Promise<void> {
    this.adding = false;
    const asked = this.front?.ask({ title: t('app.quit_ask'), text: t('app.quit_others', { n: others }), action: t('app.quit'), danger: true });
    const really = (await asked) ?? true;
    await this.shell.desktop?.quit(really).catch((thrown: unknown) => this.toasts.refused(asRefusal(thrown)));
  }

  private seat(seat: Seat): App {
    this.apps.get(seat.key)?.end();
    const app = new App(this, this.shell.of(seat.key), seat);
    this.apps.set(seat.key, app);
    return app;
  }

  private refuse({ account }: App): void {
    this.toasts.notice(t('app.invited_as', { name: account.user.display_name }));
  }

  /** The address of the page itself, once: a browser may have opened a place, or an invitation while somebody is signed in,
      which would make another person. */
  private readAddress(): void {
    const { front } = this;
    const spot = spotOf(location.href, [location.origin]);
    const invited = front !== null && location.pathname.startsWith('/join/');
    if (spot) front?.aim(spot);
    if (spot || invited) history.replaceState(null, '', '/');
    if (front && invited) this.refuse(front);
  }
}
