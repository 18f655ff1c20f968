// A desktop and a notifier of a test's own.

import type { Desktop, ShellWords } from '../../bindings';
import type { Notification } from '../../lib/notify';
import type { DesktopPort, Notifier, Permission } from '../index';

export class FakeDesktop implements DesktopPort {
  now: Desktop = { tray: true, autostart: false, zoom: 100 };
  badges: [unread: boolean, mentions: number][] = [];
  tips: string[] = [];
  words: ShellWords[] = [];
  quits: boolean[] = [];

  async state(): Promise<Desktop> {
    return this.now;
  }

  setBadge(unread: boolean, mentions: number, tip: string): void {
    this.badges.push([unread, mentions]);
    this.tips.push(tip);
  }

  setWords(words: ShellWords): void {
    this.words.push(words);
  }

  async setAutostart(autostart: boolean): Promise<void> {
    this.now = { ...this.now, autostart };
  }

  async setZoom(zoom: number): Promise<void> {
    this.now = { ...this.now, zoom };
  }

  async quit(really: boolean): Promise<void> {
    this.quits.push(really);
  }
}

export class FakeNotifier implements Notifier {
  permission: Permission = 'default';
  shown: { notification: Notification; onclick: () => void }[] = [];
  reads: [room: string, seq: number][] = [];

  async ask(): Promise<Permission> {
    return (this.permission = 'granted');
  }

  show(notification: Notification, onclick: () => void): boolean {
    if (this.permission !== 'granted') return false;
    this.shown.push({ notification, onclick });
    return true;
  }

  read(room: string, seq: number): void {
    this.reads.push([room, seq]);
  }

  clear(): void {
    this.shown = [];
  }
}
