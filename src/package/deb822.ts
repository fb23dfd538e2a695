// Stanzas of `Field: value` lines, as control files, indices and sources of Debian have them (deb822(5)).

/** Field -> value; lines that continue one are joined by newlines, without their first blank. */
export type Stanza = ReadonlyMap<string, string>;

export function parseStanzas(text: string): Stanza[] {
  return text
    .split(/\n[ \t]*\n/)
    .map(parseStanza)
    .filter((stanza) => stanza.size > 0);
}

/** A field that stands twice in a stanza, which no reader may do: one would take the first, another the last. */
export function repeatedField(text: string): string | undefined {
  const seen = new Set<string>();
  for (const [, name = ""] of text.matchAll(/^([^\s#:][^:\n]*):/gm)) {
    const field = name.toLowerCase();
    if (seen.has(field)) return name;
    seen.add(field);
  }
  return undefined;
}

export function parseStanza(text: string): Stanza {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    if (/^[ \t]/.test(line)) {
      if (last !== undefined) fields.set(last, `${fields.get(last)}\n${line.slice(1)}`);
      continue;
    }
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    last = line.slice(0, colon).toLowerCase();
    fields.set(last, line.slice(colon + 1).trim());
  }
  return fields;
}
