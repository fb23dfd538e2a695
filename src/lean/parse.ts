// The export format 3.1 of lean4export: newline-delimited JSON, one name, level, expression or declaration a line, each
// referring to earlier lines by index. (format_ndjson.md of leanprover/lean4export.)
//
// Nothing is guessed: a record has exactly the fields of its kind, an index is used once and only after its line.
import { refuseFormat, sure } from "./fault.ts";
import type { Expr } from "./expr.ts";
import type { Level, Levels } from "./level.ts";
import { formatBinder, type Name, type Names } from "./name.ts";
import type { Source } from "./print.ts";
import { readDeclaration, type Declaration } from "./records.ts";
import { Fields, isObject } from "./fields.ts";
import { Spellings, STYLES, type Spelling } from "./spellings.ts";
import type { Terms } from "./terms.ts";

export interface Meta {
  readonly exporter: string;
  readonly exporterVersion: string;
  readonly leanVersion: string;
  readonly formatVersion: string;
}

/** Reads line after line; keeps the tables that lines refer to. */
export class ExportReader {
  readonly #names = new Map<number, Name>();
  readonly #levels = new Map<number, Level>();
  readonly #exprs = new Spellings();
  readonly #nameTable: Names;
  readonly #levelTable: Levels;
  readonly #terms: Terms;
  meta: Meta | undefined;

  constructor(names: Names, levels: Levels, terms: Terms) {
    this.#nameTable = names;
    this.#levelTable = levels;
    this.#terms = terms;
    this.#names.set(0, names.anonymous);
    this.#levels.set(0, levels.zero);
  }

  /** @returns the declaration that the line is, if it is one */
  readLine(text: string): Declaration | undefined {
    const record = new Fields(parseJson(text), "record");
    if (this.meta === undefined) {
      this.meta = readMeta(record);
      return undefined;
    }
    if (record.has("in")) this.#readName(record);
    else if (record.has("il")) this.#readLevel(record);
    else if (record.has("ie")) this.#readExpr(record);
    else return readDeclaration(record, this);
    return undefined;
  }

  name(index: number): Name {
    return this.#names.get(index) ?? unknownIndex("name", index);
  }

  level(index: number): Level {
    return this.#levels.get(index) ?? unknownIndex("level", index);
  }

  expr(index: number): Expr {
    return this.#exprs.expr(index) ?? unknownIndex("expression", index);
  }

  /** The expression with the names of its bound variables. */
  source(index: number): Source {
    const { expr, binder, style, parts } = this.#spelling(index);
    const source: Source = {
      expr,
      ...(binder === undefined ? {} : { binder: formatBinder(binder) }),
      ...(style === undefined ? {} : { style }),
      // Shared parts make this a graph: unfolded only where it is printed.
      get parts() {
        return parts.map((part) => sourceOf(part));
      },
    };
    const sourceOf = (part: number): Source => this.source(part);
    return source;
  }

  #spelling(index: number): Spelling {
    return this.#exprs.get(index) ?? unknownIndex("expression", index);
  }

  #readName(record: Fields): void {
    const index = freshIndex(this.#names, record.count("in"));
    const isText = record.has("str");
    const fields = record.object(isText ? "str" : "num");
    record.end();
    const prefix = this.name(fields.count("pre"));
    const name = this.#nameTable.child(prefix, isText ? fields.text("str") : fields.count("i"));
    fields.end();
    this.#names.set(index, name);
  }

  #readLevel(record: Fields): void {
    const index = freshIndex(this.#levels, record.count("il"));
    const level = this.#makeLevel(record);
    record.end();
    this.#levels.set(index, level);
  }

  #makeLevel(record: Fields): Level {
    if (record.has("succ")) return this.#levelTable.succ(this.level(record.count("succ")));
    if (record.has("param")) return this.#levelTable.param(this.name(record.count("param")));
    const kind = record.has("max") ? "max" : "imax";
    const [a, b, ...more] = record.counts(kind);
    if (a === undefined || b === undefined || more.length > 0) {
      return refuseFormat("wrong-type", `Cannot read ${kind}: it must have two operands`);
    }
    return this.#levelTable[kind](this.level(a), this.level(b));
  }

  #readExpr(record: Fields): void {
    const index = freshIndex(this.#exprs, record.count("ie"));
    const spelling = this.#makeExpr(record);
    record.end();
    this.#terms.keep(spelling.expr);
    this.#exprs.set(index, spelling);
  }

  #makeExpr(record: Fields): Spelling {
    const terms = this.#terms;
    if (record.has("app")) return this.#makeApp(record.object("app"));
    if (record.has("lam") || record.has("forallE")) return this.#makeBinder(record);
    if (record.has("letE")) return this.#makeLet(record.object("letE"));
    if (record.has("proj")) return this.#makeProjection(record.object("proj"));
    if (record.has("mdata")) return this.#readAnnotated(record.object("mdata"));
    if (record.has("bvar")) return leaf(terms.bvar(record.count("bvar")));
    if (record.has("sort")) return leaf(terms.universe(this.level(record.count("sort"))));
    if (record.has("strVal")) return leaf(terms.str(record.text("strVal")));
    if (record.has("natVal")) return leaf(terms.nat(parseNumber(record.text("natVal"))));
    const fields = record.object("const");
    const name = this.name(fields.count("name"));
    const levels = fields.counts("us").map((index) => this.level(index));
    fields.end();
    return leaf(terms.constant(name, levels));
  }

  #makeApp(fields: Fields): Spelling {
    const parts = [fields.count("fn"), fields.count("arg")];
    fields.end();
    return compound(this.#terms.app(this.expr(sure(parts[0])), this.expr(sure(parts[1]))), parts);
  }

  #makeBinder(record: Fields): Spelling {
    const kind = record.has("lam") ? "lam" : "forallE";
    const fields = record.object(kind);
    const binder = this.name(fields.count("name"));
    const parts = [fields.count("type"), fields.count("body")];
    const style = fields.oneOf("binderInfo", STYLES);
    fields.end();
    const [type, body] = [this.expr(sure(parts[0])), this.expr(sure(parts[1]))];
    const expr = kind === "lam" ? this.#terms.lam(type, body) : this.#terms.pi(type, body);
    return { expr, binder, style, parts };
  }

  #makeLet(fields: Fields): Spelling {
    const binder = this.name(fields.count("name"));
    const parts = [fields.count("type"), fields.count("value"), fields.count("body")];
    fields.flag("nondep");
    fields.end();
    const [type, value, body] = parts.map((part) => this.expr(part));
    return { expr: this.#terms.let(sure(type), sure(value), sure(body)), binder, style: undefined, parts };
  }

  #makeProjection(fields: Fields): Spelling {
    const name = this.name(fields.count("typeName"));
    const [index, part] = [fields.count("idx"), fields.count("struct")];
    fields.end();
    return compound(this.#terms.proj(name, index, this.expr(part)), [part]);
  }

  /** Annotations mean nothing to the kernel. */
  #readAnnotated(fields: Fields): Spelling {
    const spelling = this.#spelling(fields.count("expr"));
    fields.object("data");
    fields.end();
    return spelling;
  }
}

function leaf(expr: Expr): Spelling {
  return compound(expr, []);
}

function compound(expr: Expr, parts: readonly number[]): Spelling {
  return { expr, binder: undefined, style: undefined, parts };
}

function unknownIndex(what: string, index: number): never {
  return refuseFormat("forward-reference", `Cannot find ${what} ${index}: no earlier line defines it`);
}

function freshIndex(table: { has(index: number): boolean }, index: number): number {
  if (table.has(index)) refuseFormat("duplicate-index", `Cannot define index ${index} again`);
  return index;
}

function parseJson(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuseFormat("not-json", "Cannot read the line: it is not JSON");
  }
  if (!isObject(value)) refuseFormat("not-json", "Cannot read the line: it is not a JSON object");
  return value;
}

function parseNumber(text: string): bigint {
  if (!/^(?:0|[1-9][0-9]*)$/.test(text))
    refuseFormat("wrong-type", "Cannot read natVal: it must be a decimal number");
  if (text.length > 5_000_000) refuseFormat("wrong-type", "Cannot read natVal: it is too long");
  return BigInt(text);
}

function readMeta(record: Fields): Meta {
  if (!record.has("meta"))
    refuseFormat("not-an-export", "Cannot read the file: its first line has no meta object");
  const meta = record.object("meta");
  record.end();
  const exporter = meta.object("exporter");
  const lean = meta.object("lean");
  const format = meta.object("format");
  const formatVersion = format.text("version");
  if (!/^3\.1\.\d+$/.test(formatVersion)) {
    refuseFormat("format-version", `Cannot read format ${formatVersion}: it must be 3.1`);
  }
  return {
    exporter: exporter.text("name"),
    exporterVersion: exporter.text("version"),
    leanVersion: lean.text("version"),
    formatVersion,
  };
}
