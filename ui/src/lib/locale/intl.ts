// Intl's formatters for one language and region. They are dear to make, so each is made when it is first asked for.

/** `tag` as BCP 47 has it: `de`, `en-GB`, `ar-EG`. */
export class Formats {
  private readonly made = new Map<string, unknown>();

  constructor(readonly tag: string) {}

  get plural(): Intl.PluralRules {
    return this.once('plural', () => new Intl.PluralRules(this.tag));
  }

  get number(): Intl.NumberFormat {
    return this.once('number', () => new Intl.NumberFormat(this.tag));
  }

  get list(): Intl.ListFormat {
    // American English alone has a comma before the "and", which reads badly between names.
    return this.once('list', () => new Intl.ListFormat(/^en\b/.test(this.tag) ? 'en-GB' : this.tag, { type: 'conjunction' }));
  }

  /** "Ada, Bo": what goes on after it. */
  get comma(): Intl.ListFormat {
    return this.once('comma', () => new Intl.ListFormat(this.tag, { type: 'unit', style: 'short' }));
  }

  /** Much faster over thousands of names than `localeCompare`. */
  get collator(): Intl.Collator {
    return this.once('collator', () => new Intl.Collator(this.tag));
  }

  get relative(): Intl.RelativeTimeFormat {
    return this.once('relative', () => new Intl.RelativeTimeFormat(this.tag, { numeric: 'auto' }));
  }

  date(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    return this.once(JSON.stringify(options), () => new Intl.DateTimeFormat(this.tag, options));
  }

  /** "14.2 kB", "30 min". */
  unit(value: number, unit: string, unitDisplay: 'short' | 'long' = 'short', maximumFractionDigits = 0): string {
    const make = (): Intl.NumberFormat => new Intl.NumberFormat(this.tag, { style: 'unit', unit, unitDisplay, maximumFractionDigits });
    return this.once(`${unit} ${unitDisplay} ${maximumFractionDigits}`, make).format(value);
  }

  /** "125 %", for 1.25. */
  percent(value: number): string {
    return this.once('percent', () => new Intl.NumberFormat(this.tag, { style: 'percent' })).format(value);
  }

  private once<T>(key: string, make: () => T): T {
    let found = this.made.get(key) as T | undefined;
    if (found === undefined) this.made.set(key, (found = make()));
    return found;
  }
}
