import { describe, expect, it } from 'vitest';

import { highlight } from '../src/lib/markdown/highlight';
import { parse, wordsOf } from '../src/lib/markdown/parse';
import { plainText } from '../src/lib/markdown/plain';
import type { Block, Inline } from '../src/lib/markdown/tree';
import { Chance, seeds } from './random';

const run = (nodes: readonly Inline[]): string => nodes.map((node) => {
  switch (node.is) {
    case 'text': return node.text;
    case 'break': return '⏎';
    case 'code': return `<code ${node.text}>`;
    case 'mention': return `<@${node.login}>`;
    case 'room': return `<#${node.name}>`;
    case 'link': return run(node.children) === node.href ? `<a ${node.href}>` : `<a ${node.href} ${run(node.children)}>`;
    default: return `<${node.is} ${run(node.children)}>`;
  }
}).join('');

/** The tree as a short string, to compare by eye. */
const shape = (blocks: readonly Block[]): string => blocks.map((block) => {
  switch (block.is) {
    case 'paragraph': return run(block.children);
    case 'heading': return `<h${block.level} ${run(block.children)}>`;
    case 'code': return `[${block.language}|${block.text}]`;
    case 'quote': return `<q ${shape(block.children)}>`;
    case 'rule': return '---';
    case 'list': return `<${block.start ?? '-'} ${block.items.map(({ done, children }) => `${done === undefined ? '' : done ? '☑' : '☐'}${shape(children)}`).join(', ')}>`;
    case 'table': return `<${block.align.join(' ')}: ${block.rows.map((row) => row.map(run).join('|')).join(' / ')}>`;
  }
}).join('¶');

describe('markdown', () => {
  it.each([
    ['plain **bold** and *it* and `co*d*e`', 'plain <strong bold> and <em it> and <code co*d*e>'],
    ['2 * 3 * 4 and a ** b, snake_case_name', '2 * 3 * 4 and a ** b, snake_case_name'],
    ['**a *b* c** ~~gone~~ _x_', '<strong a <em b> c> <del gone> <em x>'],
    ['one\ntwo  \nthree\\\nfour', 'one⏎two⏎three⏎four'],
    ['one\n\n\ntwo', 'one¶two'],
    ['# Head\ntext\n---\nmore', '<h1 Head>¶text¶---¶more'],
    ['a line\n---', 'a line¶---'],
    ['    four spaces', 'four spaces'],
    ['> said\n> so\n\nno', '<q said⏎so>¶no'],
    ['- a\n- b\n  - c', '<- a, b¶<- c>>'],
    ['3. a\n4. b', '<3 a, b>'],
    ['- [ ] to do\n- [x] **done**', '<- ☐to do, ☑<strong done>>'],
    ['|a|b|\n|-|:-:|\n|1|`2`|', '<start center: a|b / 1|<code 2>>'],
    ['a\n```rs\nlet x;\n\nok\n```\nb', 'a¶[rs|let x;⏎⏎ok]¶b'],
    ['```\nnever closed', '[|never closed]'],
    ['[1]: stays', '[1]: stays'],
    ['a \\*b\\* &amp; &copy;', 'a *b* & ©'],
  ])('%j', (text, tree) => expect(shape(parse(text)).replaceAll('\n', '⏎')).toBe(tree));

  it.each([
    ['the ||**whole** plot|| of it', 'the <spoiler <strong whole> plot> of it'],
    ['**a ||b||** ||c', '<strong a <spoiler b>> ||c'],
    ['||a **b|| c**', '||a <strong b|| c>'],
    ['\\||no|| and `||` and ||||', '||no|| and <code ||> and ||||'],
    ['if a || b || c', 'if a || b || c'],
  ])('spoilers: %j', (text, tree) => expect(shape(parse(text))).toBe(tree));

  it.each([
    ['see https://a.example/x_(y)?q=1. Then', 'see <a https://a.example/x_(y)?q=1>. Then'],
    ['(http://a.example)', '(<a http://a.example>)'],
    ['http://192.168.1.7:7300/to/w/r/3', '<a http://192.168.1.7:7300/to/w/r/3>'],
    ['www.a.example/x, ok', '<a http://www.a.example/x www.a.example/x>, ok'],
    ['confab://join/h:1/C#F now', '<a confab://join/h:1/C#F> now'],
    ['mail a@b.example', 'mail <a mailto:a@b.example a@b.example>'],
    ['[text](https://a.example "t") <https://b.example>', '<a https://a.example text> <a https://b.example>'],
    ['![alt](https://a.example/x.png)', '<a https://a.example/x.png alt>'],
    ['[](https://a.example)', '<a https://a.example>'],
    ['main.rs notes.md a.com 1.2.3.4', 'main.rs notes.md a.com 1.2.3.4'],
    ['javascript:alert(1) data:x ftp://a //b.c', 'javascript:alert(1) data:x ftp://a //b.c'],
    ['[x](javascript:alert(1)) [y](data:text/html,x) ![z](file:///etc/passwd) [w](//a.example)',
      '[x](javascript:alert(1)) [y](data:text/html,x) ![z](file:///etc/passwd) [w](//a.example)'],
    ['<img src=x onerror=alert(1)><b>', '<img src=x onerror=alert(1)><b>'],
    ['<div>\n\nx', '<div>¶x'],
    ['https://', 'https://'],
  ])('links, and what is none: %j', (text, tree) => expect(shape(parse(text))).toBe(tree));

  it.each([
    ['hi @Ada. and a-@bo', 'hi <@ada>. and a-@bo'],
    ['**@ada** [@ada](https://x.example) `@ada`', '<strong <@ada>> <a https://x.example @ada> <code @ada>'],
    ['in #general, not C#minor or #1-is-fine', 'in <#general>, not C#minor or <#1-is-fine>'],
    ['#general', '<#general>'],
  ])('people and rooms: %j', (text, tree) => expect(shape(parse(text))).toBe(tree));

  it.each(seeds(60))('loses no word of any text (seed %i)', (seed) => {
    const chance = new Chance(seed);
    const bits = ['*', '**', '`', '@', ' ', '_', '~~', '||', '[', '](', ')', '\n', '\n\n', '> ', '- ', '1. ', '|', '#', '<b>', '\\', '&', '!', '    ', '```\n', '|-|\n', ': '];
    let words = 0;
    // A pipe table has as many cells as its head: what a row has more is left out by the format itself.
    const text = Array.from({ length: 60 }, () => (chance.yes(0.4) ? `w${words++}x` : (bits[chance.below(bits.length)] ?? ''))).join('').replaceAll('|\n', '\n');
    const drawn = shape(parse(text));
    for (let i = 0; i < words; i++) expect(drawn, JSON.stringify(text)).toContain(`w${i}x`);
  });

  it.each([
    ['See you tomorrow', 'See you tomorrow'], ['über 5 %, naïve', 'über 5 %, naïve'], ['日本語', '日本語'], ['A \\* star', 'A * star'],
    ['', undefined], ['👍', undefined], ['two\nlines', undefined], ['**bold**', undefined], ['to @bo', undefined], ['in #random', undefined],
    ['Head\n\nand more', undefined], ['Look: https://a.example', undefined], ['a `b`', undefined],
  ])('only words: %j', (text, words) => expect(wordsOf(parse(text))).toBe(words));

  it('parses a text once', () => {
    expect(parse('**once**')).toBe(parse('**once**'));
  });
});

describe('hostile texts', () => {
  const bits = [
    '*', '*a ', 'a**b', '_a ', '~~a ', '[', '[a](', '![', '](', '>', '> ', '- ', '1. ', '`', '``a`', '|', '|a', 'a|b\n', '|-|\n', '<', '&', '&amp;',
    '\\*', '@a ', 'a@b.c ', 'www.a', 'http://a(', '# a\n', '\n', '- a\n', '- [ ] a\n', '*a_b ', '[a]', '||a', '||', '~~~\n', '```\n', '***\n', '> - ',
    'a\n', '**a** ', '"`*[(', '[x](http://a) ', 'a  \n', '*a **b ', '<http://a>', 'http://', 'confab://', 'www.', '#a ', '@', '|a|b|\n|-|-|\n', '||*a', 'a.',
  ];
  const whole = (bit: string): string => bit.repeat(Math.ceil(16_384 / bit.length)).slice(0, 16_384);
  const wide = `|${'a|'.repeat(400)}\n|${'-|'.repeat(400)}\n${'|\n'.repeat(7_000)}`;
  const deep = Array.from({ length: 170 }, (_, i) => `${' '.repeat(i)}- a`).join('\n');
  const mixed = Array.from({ length: 1_600 }, (_, i) => bits[i % bits.length]).join('').slice(0, 16_384);

  it.each([...bits.map((bit) => [JSON.stringify(bit), whole(bit)] as const), ['a wide table', wide], ['a deep list', deep], ['all together', mixed]] as const)(
    '16 KiB of %s cost less than 50 ms', (_, text) => {
      parse('*warm* `up` https://a.example');
      // Time of this process alone, the best of ten: what else the machine does, and collecting garbage, only add to it.
      let best = Infinity;
      for (let n = 0; n < 10 && best >= 50; n++) {
        const began = process.cpuUsage();
        parse(`${text.slice(n)}${' '.repeat(n)}`);
        const { user, system } = process.cpuUsage(began);
        best = Math.min(best, (user + system) / 1_000);
      }
      expect(best).toBeLessThan(50);
    });

  it.each(['> '.repeat(60) + 'words', '- '.repeat(60) + 'words', deep])('what is nested too deep is drawn as it was typed', (text) => {
    expect(shape(parse(text))).toContain(text.trim().split(/\s+/).at(-1));
    expect(parse(text)).toHaveLength(1);
  });
});

it('becomes one line, in which spoilers stay hidden', () => {
  expect(plainText('# Head\n- **a** `b`\n\n> c ||secret||\n\n|x|y|\n|-|-|\n|1|2|')).toBe('Head • a b c ▮▮▮ x y 1 2');
});

describe('coloured code', () => {
  it('names what it knows, loses nothing, and leaves alone what it does not know', () => {
    const code = 'fn main() { let x = "1"; } // end\n';
    const pieces = highlight(code, 'Rust') ?? [];
    expect(pieces.map(({ text }) => text).join('')).toBe(code);
    expect(pieces).toContainEqual({ text: 'let', kind: 'hljs-keyword' });
    expect(pieces.find(({ text }) => text.includes('end'))?.kind).toBe('hljs-comment');
    expect(highlight(code, 'no-such-language')).toBeNull();
    expect(highlight('x'.repeat(20_000), 'js')).toBeNull();
  });
});
