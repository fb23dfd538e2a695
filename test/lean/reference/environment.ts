// Reads an export into the second kernel's declarations. It believes what an export says of inductive types (whether those
// are right is tried elsewhere) and believes nothing else.
import { ZERO, succ, type Level, type Term } from "./term.ts";

interface Header {
  readonly name: string;
  readonly params: readonly string[];
  readonly type: Term;
}
export interface Valued extends Header {
  readonly k: "def" | "thm" | "opaque";
  readonly value: Term;
}
export interface Axiom extends Header {
  readonly k: "axiom";
}
export interface Family extends Header {
  readonly k: "family";
  readonly paramCount: number;
  readonly indexCount: number;
  readonly ctors: readonly string[];
  readonly isRecursive: boolean;
}
export interface Constructor extends Header {
  readonly k: "ctor";
  readonly family: string;
  readonly paramCount: number;
  readonly fieldCount: number;
}
export interface Rule {
  readonly ctor: string;
  readonly fieldCount: number;
  readonly value: Term;
}
export interface Recursor extends Header {
  readonly k: "rec";
  readonly family: string;
  readonly paramCount: number;
  readonly motiveCount: number;
  readonly minorCount: number;
  readonly indexCount: number;
  readonly isK: boolean;
  readonly rules: readonly Rule[];
}
export interface Quotient extends Header {
  readonly k: "quot";
  readonly role: string;
}
export type Constant = Valued | Axiom | Family | Constructor | Recursor | Quotient;

/** One record of an export: constants that come in together. */
export interface Declared {
  readonly constants: readonly Constant[];
  /** Unsafe or partial: left out. */
  readonly isExcluded: boolean;
}

type Json = Record<string, unknown>;

/** Names are spelled with dots; a part that has one itself, or is a number, is kept apart by a mark. */
const spell = (part: unknown): string =>
  typeof part === "number" ? `#${part}` : `${String(part).includes(".") ? "!" : ""}${String(part)}`;

export class Reader {
  readonly #names = new Map<number, string>([[0, ""]]);
  readonly #levels = new Map<number, Level>([[0, ZERO]]);
  readonly #terms = new Map<number, Term>();

  /** @returns the declaration of this line, when it is one */
  read(line: string): Declared | undefined {
    const record = JSON.parse(line) as Json;
    if ("in" in record) this.#names.set(record["in"] as number, this.#readName(record));
    else if ("il" in record) this.#levels.set(record["il"] as number, this.#readLevel(record));
    else if ("ie" in record) this.#terms.set(record["ie"] as number, this.#readTerm(record));
    else if (!("meta" in record)) return this.#readDeclaration(record);
    return undefined;
  }

  #name(index: unknown): string {
    return at(this.#names, index);
  }
  #level(index: unknown): Level {
    return at(this.#levels, index);
  }
  #term(index: unknown): Term {
    return at(this.#terms, index);
  }

  #readName(record: Json): string {
    const { pre, str, i } = (record["str"] ?? record["num"]) as Json;
    const last = spell(str ?? i);
    return pre === 0 ? last : `${this.#name(pre)}.${last}`;
  }

  #readLevel(record: Json): Level {
    if ("succ" in record) return succ(this.#level(record["succ"]));
    if ("param" in record) return { k: "param", name: this.#name(record["param"]) };
    const k = "max" in record ? "max" : "imax";
    const [a, b] = record[k] as [number, number];
    return { k, a: this.#level(a), b: this.#level(b) };
  }

  #readTerm(record: Json): Term {
    if ("bvar" in record) return { k: "bound", index: record["bvar"] as number };
    if ("sort" in record) return { k: "sort", level: this.#level(record["sort"]) };
    if ("natVal" in record) return { k: "nat", value: BigInt(record["natVal"] as string) };
    if ("strVal" in record) return { k: "text", value: record["strVal"] as string };
    const [kind, of] = Object.entries(record).find(([key]) => key !== "ie") as [string, Json];
    switch (kind) {
      case "const": {
        const levels = (of["us"] as number[]).map((index) => this.#level(index));
        return { k: "const", name: this.#name(of["name"]), levels };
      }
      case "app":
        return { k: "app", f: this.#term(of["fn"]), arg: this.#term(of["arg"]) };
      case "letE": {
        const [type, value] = [this.#term(of["type"]), this.#term(of["value"])];
        return { k: "let", type, value, body: this.#term(of["body"]) };
      }
      case "proj":
        return {
          k: "proj",
          name: this.#name(of["typeName"]),
          index: of["idx"] as number,
          of: this.#term(of["struct"]),
        };
      default: {
        const k = kind === "lam" ? "lam" : "pi";
        return { k, type: this.#term(of["type"]), body: this.#term(of["body"]) };
      }
    }
  }

  #header(of: Json): Header {
    const params = (of["levelParams"] as number[]).map((index) => this.#name(index));
    return { name: this.#name(of["name"]), params, type: this.#term(of["type"]) };
  }

  #readDeclaration(record: Json): Declared {
    const [kind, of] = Object.entries(record)[0] as [string, Json];
    if (kind === "inductive") return { constants: this.#readGroup(of), isExcluded: false };
    const isExcluded = of["isUnsafe"] === true || (of["safety"] ?? "safe") !== "safe";
    const header = this.#header(of);
    if (kind === "axiom") return { constants: [{ k: "axiom", ...header }], isExcluded };
    if (kind === "quot")
      return { constants: [{ k: "quot", role: of["kind"] as string, ...header }], isExcluded };
    const k = kind as Valued["k"];
    return { constants: [{ k, ...header, value: this.#term(of["value"]) }], isExcluded };
  }

  #readGroup(of: Json): Constant[] {
    const list = (key: string): Json[] => of[key] as Json[];
    const families = list("types").map((one): Family => {
      const ctors = (one["ctors"] as number[]).map((index) => this.#name(index));
      const counts = { paramCount: one["numParams"] as number, indexCount: one["numIndices"] as number };
      return { k: "family", ...this.#header(one), ...counts, ctors, isRecursive: one["isRec"] === true };
    });
    const ctors = list("ctors").map((one): Constructor => {
      const counts = { paramCount: one["numParams"] as number, fieldCount: one["numFields"] as number };
      return { k: "ctor", ...this.#header(one), ...counts, family: this.#name(one["induct"]) };
    });
    const recs = list("recs").map((one): Recursor => {
      const rules = (one["rules"] as Json[]).map((rule): Rule => {
        const fieldCount = rule["nfields"] as number;
        return { ctor: this.#name(rule["ctor"]), fieldCount, value: this.#term(rule["rhs"]) };
      });
      const header = this.#header(one);
      return {
        k: "rec",
        ...header,
        family: header.name.replace(/\.rec(_\d+)?$/, ""),
        paramCount: one["numParams"] as number,
        motiveCount: one["numMotives"] as number,
        minorCount: one["numMinors"] as number,
        indexCount: one["numIndices"] as number,
        isK: one["k"] === true,
        rules,
      };
    });
    return [...families, ...ctors, ...recs];
  }
}

function at<T>(table: ReadonlyMap<number, T>, index: unknown): T {
  const found = table.get(index as number);
  if (found === undefined) throw new Error(`an index that no line defines: ${String(index)}`);
  return found;
}
