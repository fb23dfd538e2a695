// The secrets of one run: their values are here and nowhere else.
import { needlesOf, type Needles, type SecretValue } from "./needles.ts";
import { SecretStream } from "./search.ts";

/** Where the value of a secret was taken from, and whether there was one. */
export interface SecretFound {
  name: string;
  from: "environment" | "file" | "command";
  status: "present" | "absent";
}

export class Secrets {
  readonly #values: ReadonlyMap<string, string>;
  readonly #needles: Needles;
  /** What the record says of them. */
  readonly found: readonly SecretFound[];

  constructor(secrets: readonly SecretValue[], found: readonly SecretFound[] = []) {
    this.#values = new Map(secrets.map(({ name, value }) => [name, value]));
    this.#needles = needlesOf(secrets);
    this.found = found;
  }

  /** These and one more. */
  with(secret: SecretValue, found: SecretFound): Secrets {
    const all = [...this.#values].map(([name, value]) => ({ name, value }));
    return new Secrets([...all, secret], [...this.found, found]);
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  value(name: string): string | undefined {
    return this.#values.get(name);
  }

  stream(): SecretStream {
    return new SecretStream(this.#needles);
  }

  /** The name of a secret that is in the text or bytes. */
  in(content: string | Uint8Array): string | undefined {
    if (this.isEmpty) return undefined;
    return this.stream().push(typeof content === "string" ? Buffer.from(content) : content);
  }

  /** The text with the name of each secret in its place. */
  redact(text: string): string {
    if (this.in(text) === undefined) return text;
    const values = [...this.#values].toSorted(([, a], [, b]) => b.length - a.length);
    const redacted = values.reduce((rest, [name, value]) => rest.replaceAll(value, `[secret ${name}]`), text);
    // Encoded: where it begins and ends is not told.
    const name = this.in(redacted);
    return name === undefined ? redacted : `[a text that holds the secret ${name}]`;
  }

  /** The same data with every text in it redacted, names of members too. */
  redactAll<T>(value: T): T {
    return (this.isEmpty ? value : this.#redacted(value)) as T;
  }

  #redacted(value: unknown): unknown {
    if (typeof value === "string") return this.redact(value);
    if (Array.isArray(value)) return value.map((each) => this.#redacted(each));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [this.redact(key), this.#redacted(each)]),
    );
  }

  /** The variables whose values hold none of them: what other programs may get. */
  environment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
    return Object.fromEntries(
      Object.entries(env).filter(([, value]) => value === undefined || this.in(value) === undefined),
    );
  }
}

export const NO_SECRETS: Secrets = new Secrets([]);
