// All packages of some indices. An index has 50 MB: a stanza is read when it is asked for, and only names and what is
// provided are looked for in all of it.
import { parseStanza, repeatedField } from "#package/deb822.ts";
import { compareVersions } from "#package/debian-version.ts";
import { parseRelations, type Dependency } from "#package/debian-relations.ts";

export class DebianPackage {
  readonly name: string;
  readonly archive: string;
  /** A field that stands twice: then nothing that it says is sure. */
  readonly repeated: string | undefined;
  readonly #fields: ReadonlyMap<string, string>;
  readonly #relations = new Map<string, Dependency[][]>();
  #provided: ReadonlyMap<string, Dependency[]> | undefined;

  constructor(stanza: string, archive: string) {
    this.#fields = parseStanza(stanza);
    this.repeated = repeatedField(stanza);
    this.name = this.text("package");
    this.archive = archive;
  }

  text(field: string): string {
    return this.#fields.get(field) ?? "";
  }

  get version(): string {
    return this.text("version");
  }

  get isEssential(): boolean {
    return this.text("essential") === "yes";
  }

  /** What must be there before it is configured, in the order in which it is written. */
  get needs(): Dependency[][] {
    return [...this.#parsed("pre-depends"), ...this.#parsed("depends")];
  }

  /** What must not be there beside it. */
  get foes(): Dependency[] {
    return [...this.#parsed("conflicts"), ...this.#parsed("breaks")].flat();
  }

  /** As apt does, it leaves out those of a range of versions. */
  get provides(): Dependency[] {
    return this.#parsed("provides")
      .flat()
      .filter(({ relation = "=" }) => relation === "=");
  }

  /** What it provides under a name: a package can do that in several versions. */
  providing(name: string): readonly Dependency[] {
    this.#provided ??= Map.groupBy(this.provides, (each) => each.name);
    return this.#provided.get(name) ?? [];
  }

  #parsed(field: string): Dependency[][] {
    const known = this.#relations.get(field);
    if (known !== undefined) return known;
    const text = this.text(field);
    const parsed = text === "" ? [] : parseRelations(text);
    this.#relations.set(field, parsed);
    return parsed;
  }
}

interface Index {
  text: string;
  archive: string;
}

interface Place {
  index: Index;
  start: number;
}

export class Universe {
  readonly #places = new Map<string, Place[]>();
  readonly #providers = new Map<string, Set<string>>();
  readonly #candidates = new Map<string, DebianPackage | undefined>();

  /** @param architecture packages of others are left out */
  constructor(indices: readonly Index[], architecture: string) {
    for (const index of indices) this.#read(index, architecture);
  }

  /** The newest version of a package. */
  candidate(name: string): DebianPackage | undefined {
    if (this.#candidates.has(name)) return this.#candidates.get(name);
    let best: DebianPackage | undefined;
    for (const { index, start } of this.#places.get(name) ?? []) {
      const end = index.text.indexOf("\n\n", start);
      const each = new DebianPackage(index.text.slice(start, end < 0 ? undefined : end), index.archive);
      if (best === undefined || compareVersions(each.version, best.version) > 0) best = each;
    }
    this.#candidates.set(name, best);
    return best;
  }

  /** Those that provide a name, in the order in which they are tried. */
  providers(name: string): DebianPackage[] {
    const found = [...(this.#providers.get(name) ?? [])].flatMap((each) => this.candidate(each) ?? []);
    return found
      .filter((each) => each.providing(name).length > 0)
      .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  }

  essential(): DebianPackage[] {
    return [...this.#essential].toSorted().flatMap((name) => {
      const candidate = this.candidate(name);
      return candidate?.isEssential === true ? [candidate] : [];
    });
  }

  names(): string[] {
    return [...this.#places.keys()];
  }

  readonly #essential = new Set<string>();

  #read(index: Index, architecture: string): void {
    const { text } = index;
    const lines = /^(Package|Architecture|Provides|Essential): (.*)$/gm;
    let [name, start, isOurs] = ["", 0, false];
    let waiting: (() => void)[] = [];
    const close = (): void => {
      if (name !== "" && isOurs) {
        this.#places.getOrInsertComputed(name, () => []).push({ index, start });
        for (const note of waiting) note();
      }
      waiting = [];
      isOurs = false;
    };
    for (const match of text.matchAll(lines)) {
      const [, field, value = ""] = match;
      const of = name;
      if (field === "Package") {
        close();
        [name, start] = [value, match.index];
      } else if (field === "Architecture") isOurs = value === architecture || value === "all";
      else if (field === "Essential") waiting.push(() => this.#essential.add(of));
      else
        waiting.push(() => {
          for (const [, provided = ""] of value.matchAll(/(?:^|,)\s*([a-z0-9+.-]+)/g)) {
            const known = this.#providers.get(provided) ?? new Set();
            this.#providers.set(provided, known.add(of));
          }
        });
    }
    close();
  }
}

const PRIORITIES = ["required", "important", "standard", "optional", "extra"];

function rank(each: DebianPackage): number {
  const priority = PRIORITIES.indexOf(each.text("priority"));
  const isImportant = each.text("important") === "yes" || each.text("protected") === "yes";
  return (
    (each.isEssential ? 0 : 100) + (isImportant ? 0 : 10) + (priority < 0 ? PRIORITIES.length : priority)
  );
}
