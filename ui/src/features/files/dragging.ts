// A file is dragged out of the window: to the file manager, into a mail, into another app.

import type { FileInfo } from '../../bindings';
import { t } from '../../lib/locale/locale.svelte';
import type { App } from '../../state/app.svelte';

/** What a file does when somebody begins to drag it. */
export function dragOut(app: App, file: FileInfo, event: DragEvent): void {
  if (!event.dataTransfer) return;
  const key = crypto.randomUUID();
  const begun = app.port.files.drag(file, event.dataTransfer, key);
  if (!begun) return;
  event.preventDefault();
  // It may have to come here first: its row shows how far it is, and offers to cancel.
  app.downloads.set(file.id, key);
  void app.attempt(() => begun).then((became) => {
    if (app.downloads.get(file.id) === key) app.downloads.delete(file.id);
    app.transfers.delete(key);
    if (became === 'late') app.toasts.notice(t('files.drag_again', { name: file.name }));
  });
}
