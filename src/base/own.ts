/** What a table has of its own under a name that came from elsewhere: every object has a `constructor` and a `toString`. */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
