// @vitest-environment node
// The catalogues are complete, all of what is in them is used, and nothing that people read stands outside of them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, it } from 'vitest';

import { refusal, reason } from '../src/lib/error';
import { ar } from '../src/lib/locale/ar';
import { de } from '../src/lib/locale/de';
import { en as first } from '../src/lib/locale/en';
import { enInspector } from '../src/lib/locale/en.inspector';
import { enNearby } from '../src/lib/locale/en.nearby';
import { enTrust } from '../src/lib/locale/en.trust';
import { languageFor, locale, t } from '../src/lib/locale/locale.svelte';
import { shellWords } from '../src/lib/locale/shell';
import { piecesOf, type Key, type Message } from '../src/lib/locale/message';
import { listed } from '../src/lib/names';
import { sizeOf } from '../src/lib/size';
import { dayName, fromNow, lately, shortTime, timeOfDay } from '../src/lib/time';
import { warningText } from '../src/lib/warning';
import { whenOf } from '../src/lib/when';
import { stringsOfSvelte, stringsOfTypeScript, type Found } from './strings';

/** All of English, as the others have it in one. */
const en = { ...first, ...enInspector, ...enNearby, ...enTrust };
/** Those that come with a part of the page, and where they are asked for. */
const PARTS = [[enInspector, /^features\/inspector\//], [enNearby, /^features\/setup\/Nearby/], [enTrust, /^features\/(trust\/|setup\/OpenInApp)/]] as const;
const src = fileURLToPath(new URL('../src', import.meta.url));
/** Generated; a scripted back end that no build has; the catalogues; and names that are names in every language. */
const EXEMPT = /^(bindings\/|port\/fake\/|lib\/locale\/(en|en\.\w+|de|ar)\.ts$|lib\/testids\.ts$|lib\/icons\.ts$)/;
const sources = (readdirSync(src, { recursive: true }) as string[])
  .filter((file) => /\.(svelte|ts)$/.test(file) && !EXEMPT.test(file)).sort()
  .map((file) => ({ file, text: readFileSync(join(src, file), 'utf8') }));

/** What may stand in the sources although it looks like words: file, and the text as it is found. */
const ALLOWED: Readonly<Record<string, readonly RegExp[]>> = {
  // The name of the product.
  'features/Main.svelte': [/^Confab$/],
  // And a picture.
  'lib/tab.ts': [/^Confab$/, /^`<circle /],
  // Names of products.
  'lib/device.ts': [/^(Edge|Opera|Firefox|Chrome|Safari|Android|Windows|Linux)$/],
  // Each language in its own words.
  'lib/locale/locale.svelte.ts': [/^(English|Deutsch)$/],
  // Names of keys, which `keysOf` translates.
  'features/composer/Composer.svelte': [/^Enter$/],
  'features/keys/keymap.ts': [/^(Esc|Home|End|Del|Enter)$/],
  'features/timeline/MessageMenu.svelte': [/^[RTEPCLUM]$/],
  // Examples that look the same in every language.
  'features/rooms/CreateRoom.svelte': [/^placeholder="release-party"$/],
  'features/setup/AddressForm.svelte': [/^placeholder="http:/],
  'features/setup/SetUpForm.svelte': [/^placeholder="Northwind"$/],
  // Code of Socket.IO, which is the same in every language.
  'features/inspector/cheats.ts': [/^(socket|io|answer)\b/],
  // Of a file that somebody who helps reads, wherever they are.
  'features/inspector/report.ts': [/^confab diagnostic report$/, /^`answer to /],
  // Keys of lists, a mark for the profiler, a selector.
  'features/switcher/actions.ts': [/^`action \$\{/],
  'features/switcher/entries.ts': [/^`(room|join|person|workspace) \$\{/],
  'features/timeline/rows.ts': [/^`day \$\{/],
  'features/keys/shortcuts.ts': [/^button:not\(/],
  'port/web/index.ts': [/^first room drawn$/],
};

function outside(file: string, text: string): Found[] {
  const found = file.endsWith('.svelte') ? stringsOfSvelte(text) : stringsOfTypeScript(text);
  return found.filter((one) => !(ALLOWED[file] ?? []).some((allowed) => allowed.test(one.text)));
}

const slotsOf = (sentence: string): string[] => piecesOf(sentence).flatMap((piece) => ('slot' in piece ? [piece.slot] : []));
const formsOf = (message: Message): [string, string][] => (typeof message === 'string' ? [['', message]] : Object.entries(message));

describe('strings outside of the catalogues', () => {
  it('are found where people would read them', () => {
    const component = `<script lang="ts">
      const words = $derived(busy ? 'Please wait' : 'done');
      throw new Error('For developers only');
    </script>
    <button class="btn primary" aria-label="Close {name}" title={busy ? 'wait' : t('common.close')}>Go</button>
    <p data-testid="some thing">{busy ? 'on its way' : ''}{\`\${n} replies\`}</p>
    <Dialog title="Settings" />`;
    expect(stringsOfSvelte(component).map(({ text }) => text).sort()).toEqual(['Go', 'Please wait', '`${n} replies`', 'aria-label="Close "', 'on its way', 'title="Settings"', 'wait']);
    const code = "const a = { is: 'failed' };\ntoasts.notice('It is gone.');\nif (kind === 'Some kind') throw new Error('never seen here');";
    expect(stringsOfTypeScript(code)).toEqual([{ line: 2, text: 'It is gone.' }]);
  });

  it('there are none', () => {
    const found = sources.flatMap(({ file, text }) => outside(file, text).map((one) => `${file}:${one.line}: ${one.text}`));
    expect(found.join('\n')).toBe('');
  }, 120_000);

  it('what is allowed to be outside is there', () => {
    for (const [file, allowed] of Object.entries(ALLOWED)) {
      const text = sources.find((source) => source.file === file)?.text ?? '';
      const found = file.endsWith('.svelte') ? stringsOfSvelte(text) : stringsOfTypeScript(text);
      for (const pattern of allowed) expect(found.some((one) => pattern.test(one.text)), `${file}: ${pattern}`).toBe(true);
    }
  }, 120_000);
});

describe('the catalogues', () => {
  const keys = Object.keys(en) as Key[];

  it('have nothing that is not used', () => {
    const used = sources.map(({ text }) => text).join('\n');
    expect(keys.filter((key) => !used.includes(`'${key}'`) && !used.includes(`"${key}"`))).toEqual([]);
  });

  it('have nothing in a part that is asked for outside of it', () => {
    for (const [part, own] of PARTS) {
      const rest = sources.filter(({ file }) => !own.test(file)).map(({ text }) => text).join('\n');
      expect(Object.keys(part).filter((key) => rest.includes(`'${key}'`))).toEqual([]);
    }
  });

  it.each([['German', de], ['Arabic', ar]] as const)('%s has the placeholders of English, and every form', (_, messages) => {
    expect(Object.keys(messages)).toEqual(keys);
    for (const key of keys) {
      const wanted = new Set(formsOf(en[key]).flatMap(([, sentence]) => slotsOf(sentence)));
      for (const [form, sentence] of formsOf((messages as Record<Key, Message>)[key])) {
        expect(sentence.trim(), key).not.toBe('');
        // "One message" and "two messages" need no figure; a name is never left out where there is somebody.
        const mayLack = ['zero', 'one', 'two'].includes(form) ? ['n', ...(form === 'zero' ? wanted : [])] : [];
        const has = new Set(slotsOf(sentence));
        expect([...has].filter((slot) => !wanted.has(slot)), `${key} ${form}`).toEqual([]);
        expect([...wanted].filter((slot) => !has.has(slot) && !mayLack.includes(slot)), `${key} ${form}`).toEqual([]);
      }
    }
  });

  it('have no markup', () => {
    for (const messages of [en, de, ar]) {
      for (const message of Object.values(messages)) for (const [, sentence] of formsOf(message)) expect(sentence).not.toMatch(/<\/?[a-z]|&[a-z]+;/i);
    }
  });
});

describe('the language of the page', () => {
  afterEach(() => locale.use('en'));
  const noon = new Date(2026, 10, 21, 12);
  const hours = (n: number): string => new Date(noon.getTime() - n * 3_600_000).toISOString();

  it('is what the system prefers among ours, or English', () => {
    expect(languageFor('system', ['fr-FR', 'de-AT', 'ar'])).toBe('de');
    expect(languageFor('system', ['fr', 'ja'])).toBe('en');
    expect(languageFor('ar', ['de'])).toBe('ar');
  });

  it('counts and writes times, sizes and lists as the language does', async () => {
    expect([timeOfDay(hours(-3)), shortTime(hours(-3))]).toEqual(['03:00 PM', '03:00']);
    await locale.use('de');
    expect([t('common.n_replies', { n: 1 }), t('common.n_replies', { n: 1_204 })]).toEqual(['1 Antwort', '1.204 Antworten']);
    // What is kept of the same minute in English is not for German.
    expect([timeOfDay(hours(-3)), shortTime(hours(-3))]).toEqual(['15:00', '15:00']);
    expect([dayName(hours(1), noon), fromNow(hours(3), noon.getTime()), lately(hours(1), noon)]).toEqual(['Heute', 'vor 3 Stunden', 'heute 11:00']);
    expect([sizeOf(14_230), listed(['Ada', 'Bo']), listed(['A', 'B', 'C', 'D'])]).toEqual(['14,2 kB', 'Ada und Bo', 'A, B und 2 weitere']);
    await locale.use('ar');
    expect(locale.dir).toBe('rtl');
    const plain = (text: string): string => text.replace(/[\u2066-\u2069]/g, '');
    expect([0, 1, 2, 3, 11, 100].map((n) => plain(t('common.n_messages', { n })))).toEqual(['لا رسائل', 'رسالة واحدة', 'رسالتان', '3 رسائل', '11 رسالة', '100 رسالة']);
  });

  it('keeps a name that runs the other way from turning what is around it', async () => {
    expect(t('notice.changed', { by: 'Ada' })).toBe('Ada changed the room.');
    expect(t('notice.changed', { by: 'سارة' })).toBe('\u2068سارة\u2069 changed the room.');
    await locale.use('ar');
    expect(t('notice.changed', { by: 'Ada' })).toBe('غيّر \u2068Ada\u2069 الغرفة.');
  });

  it('says why something was refused: by its code, and in the words of the server where only they tell', async () => {
    const taken = { code: 'conflict' as const, message: 'That login is taken.' };
    expect(reason(taken)).toBe('That login is taken.');
    await locale.use('de');
    expect(reason(taken)).toBe(de['error.conflict']);
    expect(reason({ code: 'bad_request', message: 'A room is called a-z.' })).toBe('A room is called a-z.');
    expect(reason(refusal('conflict', 'Von hier'))).toBe('Von hier');
    // Where the code says too little, or nothing, the cause tells.
    expect(reason({ code: 'bad_request', message: 'That is not an address.', cause: 'address' })).toBe(de['cause.address']);
    for (const cause of ['certificate_changed', 'certificate_unknown', 'needs_tls'] as const) {
      expect(reason({ code: 'forbidden', message: 'About a certificate.', cause })).toBe(de[`cause.${cause}`]);
    }
    const hosting = { code: 'unavailable' as const, message: 'Port 7300 is taken.', cause: 'hosting' as const };
    expect(reason(hosting)).toBe('Der Server in dieser App konnte nicht starten. (Port 7300 is taken.)');
    expect(reason({ ...hosting, cause: 'of a newer server' as 'hosting' })).toBe(de['error.unavailable']);
    expect(warningText({ is: 'signed_out', server: 'Northwind', error: { code: 'unauthorized', message: 'Ended.', cause: 'session_ended' } }))
      .toBe(`Du bist bei Northwind nicht mehr angemeldet: ${de['error.session_ended']}`);
    await locale.use('en');
    expect(reason(hosting)).toBe('Port 7300 is taken.');
  });

  it('gives the shell what it says in English by itself, and in another language something else', async () => {
    const rust = readFileSync(join(src, '../../client/src/view/words.rs'), 'utf8');
    const own = Object.fromEntries([...rust.matchAll(/^ {12}(\w+): "(.*)"\.into\(\),$/gm)].map(([, key, text]) => [key, text]));
    const english = shellWords();
    expect(english).toEqual(own);
    for (const language of ['de', 'ar'] as const) {
      await locale.use(language);
      const same = Object.entries(shellWords()).filter(([key, words]) => words === own[key]).map(([key]) => key);
      expect(same).toEqual(language === 'de' ? ['notification_title', 'notification_title_on'] : ['notification_title_on']);
    }
  });

  it('of two choices in a row the last one stays', async () => {
    const first = locale.use('ar');
    await Promise.all([first, locale.use('de')]);
    expect(locale.language).toBe('de');
  });

  it('takes times in the words that its commands show', () => {
    const minutes = (text: string): number | undefined => {
      const found = whenOf(text, noon);
      return found ? Math.round((found.at.getTime() - noon.getTime()) / 60_000) : undefined;
    };
    expect(['20 min', '20 Min Tee', '2 Std', '20 دقيقة', '1 ساعة', '2 h'].map(minutes)).toEqual([20, 20, 120, 20, 60, 120]);
    expect(['tomorrow 9:00', 'morgen 9:00', 'غدًا 9:00'].map((text) => whenOf(text, noon)?.at.toISOString())).toEqual(Array(3).fill(new Date(2026, 10, 22, 9).toISOString()));
    expect([de, ar].map((messages) => whenOf(messages['command.remind_usage'], noon)?.rest)).toEqual(['Tee', 'الشاي']);
  });
});
