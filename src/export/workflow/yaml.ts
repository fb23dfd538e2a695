// YAML as workflows need it: maps, lists, texts, numbers. Texts of several lines are blocks; all others are in quotes, which
// hold for YAML what they hold for JSON, so nothing of what they say is read as anything else.

export type Yaml = string | number | boolean | Commented | readonly Yaml[] | { readonly [key: string]: Yaml };

/** A text with a comment behind it. */
export class Commented {
  readonly text: string;
  readonly comment: string;

  constructor(text: string, comment: string) {
    this.text = text;
    this.comment = comment;
  }
}

/** @param header lines of a comment at the top */
export function writeYaml(value: Readonly<Record<string, Yaml>>, header: readonly string[]): string {
  return [...header.map((line) => `# ${line}`), ...lines(value), ""].join("\n");
}

function lines(value: Yaml): string[] {
  if (isList(value)) return value.flatMap((each) => nested("-", each, false));
  if (isMap(value))
    return Object.entries(value).flatMap(([key, each]) => nested(`${keyText(key)}:`, each, true));
  return [scalar(value)];
}

function nested(head: string, value: Yaml, isKey: boolean): string[] {
  if (typeof value === "string" && isBlock(value)) {
    const block = value.replace(/\n$/, "").split("\n");
    return [`${head} ${value.endsWith("\n") ? "|" : "|-"}`, ...indent(block)];
  }
  if (!isList(value) && !isMap(value)) return [`${head} ${scalar(value)}`];
  const inner = lines(value);
  const isEmpty = inner.length === 0;
  if (isEmpty) return [`${head} ${isList(value) ? "[]" : "{}"}`];
  if (isKey) return [head, ...indent(inner)];
  const [first = "", ...rest] = inner;
  return [`${head} ${first}`, ...indent(rest)];
}

/** A block must not begin with a space, which would say how far it is indented, and holds no other control characters. */
function isBlock(text: string): boolean {
  return /\n./.test(text) && !/^\s/.test(text) && !text.endsWith("\n\n") && !/[^\n\x20-\x7e]/.test(text);
}

function indent(block: readonly string[]): string[] {
  return block.map((line) => (line === "" ? "" : `  ${line}`));
}

function scalar(value: string | number | boolean | Commented): string {
  if (value instanceof Commented) return `${JSON.stringify(value.text)} # ${value.comment}`;
  return JSON.stringify(value);
}

/** `on` without quotes is a truth value for old readers. */
function keyText(key: string): string {
  return /^[a-z][\w-]*$/.test(key) && !/^(on|off|yes|no|true|false|null|y|n)$/.test(key)
    ? key
    : JSON.stringify(key);
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value);
}

function isMap(value: Yaml): value is Readonly<Record<string, Yaml>> {
  return typeof value === "object" && !isList(value) && !(value instanceof Commented);
}
