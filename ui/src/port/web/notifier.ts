// Notifications of the browser: one for each room, gone once it is read. All tabs show the same one, since it has the
// same tag.

import type { Notification as Shown } from '../../lib/notify';
import type { Notifier, Permission } from '../index';

export class WebNotifier implements Notifier {
  private readonly shown = new Map<string, { notification: Notification; seq: number }>();

  get permission(): Permission {
    return 'Notification' in window ? Notification.permission : 'missing';
  }

  async ask(): Promise<Permission> {
    return 'Notification' in window ? Notification.requestPermission() : 'missing';
  }

  show({ title, body, target }: Shown, onclick: () => void): boolean {
    if (this.permission !== 'granted') return false;
    let notification: Notification;
    try {
      notification = new Notification(title, { body, tag: `${target.workspace}/${target.room}` });
    } catch {
      // Some browsers on phones take them from a service worker only.
      return false;
    }
    notification.onclick = () => {
      window.focus();
      notification.close();
      onclick();
    };
    this.shown.set(target.room, { notification, seq: target.seq });
    return true;
  }

  read(room: string, seq: number): void {
    const shown = this.shown.get(room);
    if (!shown || shown.seq > seq) return;
    shown.notification.close();
    this.shown.delete(room);
  }

  clear(): void {
    for (const { notification } of this.shown.values()) notification.close();
    this.shown.clear();
  }
}
