// Finds what people would read in the sources, outside of the catalogues: in markup, in the attributes that are read out
// or shown, and in literals of code that look like words.

import { parse, type AST } from 'svelte/compiler';
import ts from 'typescript';

export interface Found {
  line: number;
  text: string;
}

/** Attributes whose value is read by people, and those of our own components that end up in one. */
const READ = new Set(['aria-label', 'aria-description', 'aria-placeholder', 'aria-roledescription', 'aria-valuetext', 'title', 'placeholder', 'alt', 'label', 'lead', 'text', 'hint', 'of', 'action', 'name']);
/** What a message is asked for by. */
const KEY = /^[a-z_]+\.[a-z0-9_]+$/;
/** Where a literal is for machines whatever it looks like. */
const MACHINE = new Set(['class', 'style', 'id', 'for', 'd', 'viewBox', 'type', 'role', 'pattern', 'accept', 'autocomplete', 'data-testid', 'testid', 'href', 'src', 'key', 'icon', 'aria-controls', 'aria-labelledby', 'aria-describedby', 'aria-activedescendant', 'form', 'list', 'sandbox', 'rel']);
const LETTERS = /\p{L}/u;
/** Two words, or one that begins like a sentence. */
const WORDS = /\p{L}[\p{L}'’,.:;!?…)]*\s+[\p{L}(“"]|^[\s]*\p{Lu}\p{Ll}+[\s.!?…:,]*$|\p{L}(…|\.\s|!$|\?$|: $)/u;
/** Calls whose literals no person sees: queries, keys, errors for developers. */
const UNSEEN = /^(Error|TypeError|RegExp|querySelector(All)?|closest|matches|matchMedia|getElementById|import|setProperty|getPropertyValue|addEventListener|removeEventListener|dispatchEvent|CustomEvent|KeyboardEvent|get|has|set|t|startsWith|endsWith|includes|debug|warn|error|dataset|createElement|setAttribute|removeItem|getItem|setItem|createObjectStore|createIndex|transaction|objectStore|split|replace|replaceAll|join|listen|invoke|emit|on|request|execCommand|URL|fetch)$/;

export function stringsOfSvelte(source: string): Found[] {
  const found: Found[] = [];
  const lineOf = (at: number): number => source.slice(0, at).split('\n').length;
  const ast = parse(source, { modern: true });
  const code = (node: { start: number; end: number } | null | undefined, read: boolean): void => {
    if (node) found.push(...inCode(source.slice(node.start, node.end), lineOf(node.start), read));
  };
  if (ast.module) code(ast.module.content as unknown as AST.BaseNode, false);
  if (ast.instance) code(ast.instance.content as unknown as AST.BaseNode, false);
  visit(ast.fragment, (node, parent) => {
    if (node.type === 'Text') {
      if (parent?.type === 'StyleDirective') return;
      if (parent?.type === 'Attribute') {
        const { name } = parent as unknown as AST.Attribute;
        if (READ.has(name) && LETTERS.test(node.data as string) && !KEY.test(node.data as string) && !isIconName(parent, name)) found.push({ line: lineOf(node.start), text: `${name}="${node.data as string}"` });
      } else if (LETTERS.test(node.data as string)) found.push({ line: lineOf(node.start), text: (node.data as string).trim() });
      return;
    }
    if (node.type === 'ExpressionTag') {
      if (parent?.type === 'StyleDirective') return;
      const name = parent?.type === 'Attribute' ? (parent as unknown as AST.Attribute).name : undefined;
      if (name !== undefined && MACHINE.has(name)) return;
      code(node.expression as AST.BaseNode, name === undefined || READ.has(name) && !isIconName(parent, name));
    } else if (node.type === 'ConstTag') code(node.declaration as AST.BaseNode, false);
  });
  return found;
}

export function stringsOfTypeScript(source: string): Found[] {
  return inCode(source, 1, false);
}

/** The name of an icon, of a field: not what is read. */
function isIconName(attribute: Node | undefined, name: string): boolean {
  return name === 'name' && (attribute as { owner?: string } | undefined)?.owner !== undefined && /^(Icon|input|textarea|slot|meta)$/.test((attribute as { owner?: string }).owner ?? '');
}

interface Node { type: string; start: number; end: number; [key: string]: unknown }

/** Walks the markup; expressions are left to TypeScript. */
function visit(node: unknown, enter: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  if (Array.isArray(node)) return node.forEach((one) => visit(one, enter, parent));
  if (node === null || typeof node !== 'object' || !('type' in node)) return;
  const here = node as Node;
  enter(here, parent);
  if (here.type === 'ExpressionTag' || here.type === 'ConstTag') return;
  for (const attribute of (here['attributes'] as Node[] | undefined) ?? []) attribute['owner'] = here['name'];
  for (const key of ['fragment', 'nodes', 'attributes', 'value', 'consequent', 'alternate', 'body', 'fallback', 'pending', 'then', 'catch']) {
    if (key in here) visit(here[key], enter, here.type === 'Fragment' ? parent : here);
  }
}

/** Literals of code that look like words; where the value is `read` as it is, all with letters. */
function inCode(code: string, line: number, read: boolean): Found[] {
  const found: Found[] = [];
  // An expression alone would be a block or a directive.
  const prefix = read ? '(' : '';
  const file = ts.createSourceFile('code.ts', prefix + code + (read ? ')' : ''), ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const add = (node: ts.Node, text: string): void => {
    found.push({ line: line + file.getLineAndCharacterOfPosition(node.getStart()).line, text: text.trim() });
  };
  const walk = (node: ts.Node, shown: boolean): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      if (isKey(node) || KEY.test(node.text)) return;
      if (shown ? LETTERS.test(node.text) : WORDS.test(node.text)) add(node, node.text);
      return;
    }
    if (ts.isTemplateExpression(node)) {
      const texts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
      if (texts.some((text) => (shown ? LETTERS : WORDS).test(text) || (!shown && /^\s?\p{Ll}{2,}\s|\s\p{Ll}{2,}\s?$/u.test(text)))) add(node, node.getText());
      node.templateSpans.forEach(({ expression }) => walk(expression, shown));
      return;
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const { expression } = node;
      const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
      walk(expression, false);
      if (!UNSEEN.test(name)) node.arguments?.forEach((argument) => walk(argument, false));
      else node.arguments?.forEach((argument) => { if (!ts.isStringLiteralLike(argument) && !ts.isTemplateExpression(argument)) walk(argument, false); });
      return;
    }
    if (ts.isConditionalExpression(node)) {
      walk(node.condition, false);
      walk(node.whenTrue, shown);
      walk(node.whenFalse, shown);
      return;
    }
    if (ts.isBinaryExpression(node)) {
      const passes = [ts.SyntaxKind.PlusToken, ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.BarBarToken].includes(node.operatorToken.kind);
      walk(node.left, passes && shown);
      walk(node.right, (passes || node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken) && shown);
      return;
    }
    ts.forEachChild(node, (child) => walk(child, shown && (ts.isParenthesizedExpression(node) || ts.isExpressionStatement(node) || ts.isSourceFile(node))));
  };
  walk(file, read);
  return found;
}

/** A name that code compares, looks up, or calls a property by. */
function isKey(node: ts.StringLiteralLike): boolean {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent)) return parent.name === node;
  if (ts.isCaseClause(parent) || ts.isElementAccessExpression(parent) || ts.isComputedPropertyName(parent)) return true;
  return ts.isBinaryExpression(parent) && [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken, ts.SyntaxKind.InKeyword].includes(parent.operatorToken.kind);
}
