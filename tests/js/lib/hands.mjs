// What a person does to the page, in Chromium through Playwright and in the app's window through WebDriver.

import assert from 'node:assert/strict';

/** Somebody at a browser. */
export class BrowserHands {
  constructor(person) {
    this.page = person.page;
  }

  evaluate(probe, ...args) {
    return this.page.evaluate(`(${probe})(...${JSON.stringify(args)})`);
  }

  run(script) {
    return this.page.evaluate(`(() => {${script}\n})()`);
  }

  async point(x, y) {
    await this.page.mouse.move(x, y);
  }

  async wheel(by) {
    await this.page.mouse.wheel(0, by);
  }

  async press(key) {
    await this.page.keyboard.press(key);
  }

  async resize(width, height) {
    await this.page.setViewportSize({ width, height });
  }
}

const KEYS = { PageUp: '\uE00E', PageDown: '\uE00F', End: '\uE010', Home: '\uE011', Enter: '\uE007' };

/** Somebody at the app's window: a WebDriver session that is open already. */
export class WindowHands {
  constructor(session) {
    this.session = session;
  }

  async call(method, path, body) {
    const answer = await fetch(`${this.session}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    assert.ok(answer.ok, `${path}: ${JSON.stringify(value)}`);
    return value;
  }

  async evaluate(probe, ...args) {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve((${probe})(...[...arguments].slice(0, -1))).then((value) => done({ value: value ?? null }), (error) => done({ error: String(error) }))`;
    const { value, error } = await this.call('POST', '/execute/async', { script, args });
    assert.equal(error, undefined);
    return value;
  }

  run(script) {
    return this.call('POST', '/execute/sync', { script, args: [] });
  }

  async point(x, y) {
    this.pointer = { x: Math.round(x), y: Math.round(y) };
    await this.act({ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions: [{ type: 'pointerMove', duration: 0, origin: 'viewport', ...this.pointer }] });
  }

  async wheel(by) {
    // WebKit's driver turns it by what it is told less what it was told before.
    this.turned = (this.turned ?? 0) + by;
    await this.act({ type: 'wheel', id: 'wheel', actions: [{ type: 'scroll', duration: 0, origin: 'viewport', deltaX: 0, deltaY: this.turned, ...this.pointer }] });
  }

  async press(key) {
    const value = KEYS[key] ?? key;
    await this.act({ type: 'key', id: 'keys', actions: [{ type: 'keyDown', value }, { type: 'keyUp', value }] });
  }

  async resize(width, height) {
    await this.call('POST', '/window/rect', { width, height });
  }

  act(source) {
    return this.call('POST', '/actions', { actions: [source] });
  }
}
