import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Role } from '../src/bindings';
import { refusal } from '../src/lib/error';
import { chatter, room, world } from '../src/port/fake/world';
import { eventually } from './eventually';
import { Page } from './page';

let page: Page;

async function open(role: Role): Promise<void> {
  const data = world([room('general', { head: 8, read: 8 })], new Map([['r-general', chatter(8, new Date())]]));
  const [first] = data.workspaces;
  if (!first) throw new Error('a world with a workspace');
  first.me = { ...first.me, role };
  first.workspace = { ...first.workspace, role };
  data.user = { ...data.user, role: 'member' };
  page = await Page.open(data);
  await page.click('workspace-menu');
}

async function settings(): Promise<void> {
  await page.click('workspace-settings-open');
  await eventually(() => expect(page.has('workspace-settings')).toBe(true));
}

afterEach(() => page.close());

describe('the settings of a workspace', () => {
  it.each([['member', false, false], ['admin', true, false], ['owner', true, true]] as const)('are seen by who may change it: %s', async (role, sees, archives) => {
    await open(role);
    expect(page.has('workspace-settings-open')).toBe(sees);
    if (!sees) return;
    await settings();
    expect(page.has('workspace-archive')).toBe(archives);
  });

  describe('for its owner', () => {
    beforeEach(async () => {
      await open('owner');
      await settings();
    });

    it('change only what was changed, and the list shows the new name at once', async () => {
      await page.type('workspace-rename', ' Northwind Traders ');
      await page.click('workspace-save');
      expect(page.port.callsOf('updateWorkspace')).toEqual([[{ slug: 'general', name: 'Northwind Traders' }]]);
      expect(page.has('workspace-settings')).toBe(false);
      expect(page.text('workspace-name')).toBe('Northwind Traders');
    });

    it('say what was refused, and lose nothing', async () => {
      page.port.refuseNext('updateWorkspace', refusal('forbidden', 'Only admins may do that.'));
      await page.type('workspace-rename', 'Northwind Traders');
      await page.click('workspace-save');
      expect(page.get('workspace-settings').textContent).toContain('Only admins may do that.');
      expect((page.get('workspace-rename') as HTMLInputElement).value).toBe('Northwind Traders');
    });

    it('give it a picture, which the rail shows, and take it away', async () => {
      page.port.files.chosen = [new File([new Uint8Array(9)], 'face.png', { type: 'image/png' })];
      await page.click('picture-choose');
      await eventually(() => expect(page.get('workspace-general').querySelector('[data-testid=workspace-picture]')).not.toBeNull());
      await page.click('picture-remove');
      expect(page.port.world.workspaces[0]?.workspace.icon).toBeNull();
      expect(page.get('workspace-general').querySelector('[data-testid=workspace-picture]')).toBeNull();
    });

    it('close it after asking', async () => {
      await page.click('workspace-archive');
      expect(page.port.callsOf('archiveWorkspace')).toEqual([]);
      await page.click('confirm-yes');
      expect(page.port.callsOf('archiveWorkspace')).toEqual([['general']]);
      expect(page.has('workspace-general')).toBe(false);
    });
  });
});
