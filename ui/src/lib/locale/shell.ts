// What is said outside of the page by the shell, which has no catalogue of its own.

import type { ShellWords } from '../../bindings';
import { sentence, t } from './locale.svelte';

/** In the language of the page. Names are filled in by the shell, by the same placeholders. */
export function shellWords(): ShellWords {
  return {
    tray_open: t('shell.tray_open'),
    tray_quiet: t('shell.tray_quiet'),
    tray_quit: t('app.quit'),
    notification_open: t('browse.open'),
    notification_hidden: t('app.new_message'),
    notification_title: sentence('app.written_in'),
    notification_title_on: sentence('servers.title_on'),
    notification_reminder: t('toast.reminder'),
    dialog_files: t('shell.dialog_files'),
    dialog_picture: t('shell.dialog_picture'),
    dialog_save: t('shell.dialog_save'),
    dialog_pictures: t('shell.dialog_pictures'),
  };
}

/** What the icon in the tray says about its badge. */
export function badgeTip(unread: boolean, mentions: number): string {
  if (mentions > 0) return t('shell.tip_mentions', { n: mentions });
  return t(unread ? 'shell.tip_unread' : 'shell.tip_read');
}
