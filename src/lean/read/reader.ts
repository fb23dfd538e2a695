// Lines of an export -> names, levels, expressions and declarations, each referring to earlier lines by index.
import { Fault, refuseFormat } from "#lean/fault.ts";
import type { Expr } from "#lean/terms/kind.ts";
import { NONE } from "#lean/terms/map.ts";
import type { Name, Names } from "#lean/terms/names.ts";
import type { Terms } from "#lean/terms/terms.ts";
import type { Declaration } from "./constants.ts";
import { Fields, isJsonObject } from "./fields.ts";
import { IndexTable } from "./index-table.ts";
import { parseJson, type JsonObject } from "./json.ts";
import { readMeta, refuseOther, type Meta } from "./meta.ts";
import { readDeclarations } from "./records.ts";
import { F, Scanner, set } from "./scan.ts";
import { NO_STYLE, STYLES, Spellings } from "./spellings.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DIGITS_MAX = 5_000_000;

/** Reads line after line; keeps the tables that lines refer to. */
export class ExportReader {
  readonly #nameTable: Names;
  readonly #terms: Terms;
  readonly #names = new IndexTable(1);
  readonly #levels = new IndexTable(1);
  readonly #exprs = new Spellings();
  readonly #scanner = new Scanner();
  meta: Meta | undefined;

  constructor(names: Names, terms: Terms) {
    this.#nameTable = names;
    this.#terms = terms;
    this.#names.define(0, 0);
    this.#levels.define(0, 0);
  }

  get spellings(): Spellings {
    return this.#exprs;
  }

  get bytes(): number {
    return this.#names.bytes + this.#levels.bytes + this.#exprs.bytes;
  }

  /** @returns the declarations that the line is, if it is any: one, or those of a list */
  readLine(bytes: Uint8Array, start: number, end: number): readonly Declaration[] | undefined {
    if (this.meta !== undefined && this.#scanner.scan(bytes, start, end) && this.#readScanned(bytes))
      return undefined;
    return this.#readJson(bytes, start, end);
  }

  name(index: number): Name {
    const name = this.#names.get(index);
    return name === NONE ? unknownIndex("name", index) : name;
  }

  level(index: number): number {
    const level = this.#levels.get(index);
    return level === NONE ? unknownIndex("level", index) : level;
  }

  expr(index: number): Expr {
    const expr = this.#exprs.get(index);
    return expr === NONE ? unknownIndex("expression", index) : expr;
  }

  place(index: number): number {
    return this.#exprs.placeOf(index) ?? unknownIndex("expression", index);
  }

  /** @returns whether it was read: false, and nothing done, for what the reader of JSON should look at */
  #readScanned(bytes: Uint8Array): boolean {
    const { outer, values } = this.#scanner;
    if ((outer.all & IE) !== 0) return this.#scanExpr(values[F.ie]!);
    if ((outer.all & IN) !== 0) return this.#scanName(bytes, values[F.in]!);
    return (outer.all & IL) !== 0 && this.#scanLevel(values[F.il]!);
  }

  #scanName(bytes: Uint8Array, index: number): boolean {
    const { outer, inner, values, ends } = this.#scanner;
    if (outer.numbers !== IN || this.#names.has(index)) return false;
    const prefix = this.#names.get(values[F.pre]!);
    if (prefix === NONE) return false;
    if (outer.all === STR) {
      if (inner.all !== PRE_STR || inner.numbers !== PRE || inner.texts !== PART) return false;
      this.#names.define(index, this.#nameTable.childOf(prefix, bytes, values[F.str]!, ends[F.str]!));
      return true;
    }
    if (outer.all !== NUM || inner.all !== PRE_I || inner.numbers !== PRE_I) return false;
    this.#names.define(index, this.#nameTable.childAt(prefix, values[F.i]!));
    return true;
  }

  #scanLevel(index: number): boolean {
    const { outer, inner, values, list } = this.#scanner;
    const { levels } = this.#terms;
    if (inner.all !== 0 || this.#levels.has(index) || outer.texts !== 0) return false;
    if (outer.numbers === outer.all && outer.all === SUCC) {
      const of = this.#levels.get(values[F.succ]!);
      if (of === NONE) return false;
      this.#levels.define(index, levels.succ(of));
      return true;
    }
    if (outer.numbers === outer.all && outer.all === PARAM) {
      const name = this.#names.get(values[F.param]!);
      if (name === NONE) return false;
      this.#levels.define(index, levels.param(name));
      return true;
    }
    if (outer.numbers !== IL || (outer.all !== MAX && outer.all !== IMAX) || list.length !== 2) return false;
    const [a, b] = [this.#levels.get(list[0]!), this.#levels.get(list[1]!)];
    if (a === NONE || b === NONE || this.#scanner.flags !== 0) return false;
    this.#levels.define(index, outer.all === MAX ? levels.max(a, b) : levels.imax(a, b));
    return true;
  }

  #scanExpr(index: number): boolean {
    const { outer, inner, values } = this.#scanner;
    const terms = this.#terms;
    const exprs = this.#exprs;
    if ((outer.numbers & IE) === 0 || exprs.has(index)) return false;
    switch (outer.all) {
      case APP: {
        if (inner.all !== FN_ARG || inner.numbers !== FN_ARG) return false;
        const [fn, arg] = [values[F.fn]!, values[F.arg]!];
        const [f, x] = [exprs.get(fn), exprs.get(arg)];
        if (f === NONE || x === NONE) return false;
        exprs.define(index, terms.app(f, x), fn, arg);
        return true;
      }
      case LAM:
      case FORALL:
        return this.#scanBinder(index, outer.all === LAM);
      case CONST:
        return this.#scanConst(index);
      case BVAR:
        if (outer.numbers !== BVAR) return false;
        exprs.define(index, terms.bvar(values[F.bvar]!));
        return true;
      case SORT: {
        const level = this.#levels.get(values[F.sort]!);
        if (outer.numbers !== SORT || level === NONE) return false;
        exprs.define(index, terms.universe(level));
        return true;
      }
      case PROJ: {
        if (inner.all !== PROJECTION || inner.numbers !== PROJECTION) return false;
        const [name, of] = [this.#names.get(values[F.typeName]!), exprs.get(values[F.struct]!)];
        if (name === NONE || of === NONE) return false;
        exprs.define(index, terms.proj(name, values[F.idx]!, of), values[F.struct]);
        return true;
      }
      case LET:
        return this.#scanLet(index);
      default:
        return false;
    }
  }

  #scanBinder(index: number, isLambda: boolean): boolean {
    const { inner, values } = this.#scanner;
    const exprs = this.#exprs;
    if (inner.all !== BINDER || inner.numbers !== BINDER_NUMBERS || inner.texts !== BINDER_TEXTS)
      return false;
    const [type, body] = [values[F.type]!, values[F.body]!];
    const [domain, range] = [exprs.get(type), exprs.get(body)];
    const binder = this.#names.get(values[F.name]!);
    const style = this.#scanner.styleOf(F.binderInfo);
    if (domain === NONE || range === NONE || binder === NONE || style < 0) return false;
    const expr = isLambda ? this.#terms.lam(domain, range) : this.#terms.pi(domain, range);
    exprs.setBinder(exprs.define(index, expr, type, body), binder, style);
    return true;
  }

  #scanConst(index: number): boolean {
    const { inner, values, list, flags } = this.#scanner;
    if (inner.all !== CONSTANT || inner.numbers !== NAME || inner.texts !== 0 || flags !== 0) return false;
    const name = this.#names.get(values[F.name]!);
    if (name === NONE) return false;
    let levels = 0;
    for (const each of list) {
      const level = this.#levels.get(each);
      if (level === NONE) return false;
      levels = this.#terms.levels.append(levels, level);
    }
    this.#exprs.define(index, this.#terms.constant(name, levels));
    return true;
  }

  #scanLet(index: number): boolean {
    const { inner, values, flags } = this.#scanner;
    const exprs = this.#exprs;
    if (inner.all !== LET_FIELDS || inner.numbers !== LET_NUMBERS || flags !== NONDEP) return false;
    const [type, value, body] = [values[F.type]!, values[F.value]!, values[F.body]!];
    const [of, is, then] = [exprs.get(type), exprs.get(value), exprs.get(body)];
    const binder = this.#names.get(values[F.name]!);
    if (of === NONE || is === NONE || then === NONE || binder === NONE) return false;
    const place = exprs.define(index, this.#terms.let(of, is, then), type, value, body);
    exprs.setBinder(place, binder, NO_STYLE);
    return true;
  }

  #readJson(bytes: Uint8Array, start: number, end: number): readonly Declaration[] | undefined {
    const record = new Fields(objectOf(bytes, start, end, this.meta === undefined), "record");
    if (this.meta === undefined) {
      this.meta = readMeta(record);
      return undefined;
    }
    if (record.has("in")) this.#readName(record);
    else if (record.has("il")) this.#readLevel(record);
    else if (record.has("ie")) this.#readExpr(record);
    else return readDeclarations(record, this, this.meta.formatVersion.startsWith("3.0."));
    return undefined;
  }

  #readName(record: Fields): void {
    const index = freshIndex(this.#names, record.count("in"));
    const isText = record.has("str");
    const fields = record.object(isText ? "str" : "num");
    record.end();
    const prefix = this.name(fields.count("pre"));
    const name = this.#nameTable.child(prefix, isText ? fields.text("str") : fields.count("i"));
    fields.end();
    this.#names.define(index, name);
  }

  #readLevel(record: Fields): void {
    const index = freshIndex(this.#levels, record.count("il"));
    const level = this.#makeLevel(record);
    record.end();
    this.#levels.define(index, level);
  }

  #makeLevel(record: Fields): number {
    const { levels } = this.#terms;
    if (record.has("succ")) return levels.succ(this.level(record.count("succ")));
    if (record.has("param")) return levels.param(this.name(record.count("param")));
    const kind = record.has("max") ? "max" : "imax";
    const [a, b, ...more] = record.counts(kind);
    if (a === undefined || b === undefined || more.length > 0) {
      return refuseFormat("wrong-type", `Cannot read ${kind}: it must have two operands`);
    }
    return levels[kind](this.level(a), this.level(b));
  }

  #readExpr(record: Fields): void {
    const index = freshIndex(this.#exprs, record.count("ie"));
    const define = this.#makeExpr(record);
    record.end();
    define(index);
  }

  #makeExpr(record: Fields): (index: number) => void {
    const [terms, exprs] = [this.#terms, this.#exprs];
    const leaf = (expr: Expr) => (index: number) => void exprs.define(index, expr);
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
    const levels = terms.levels.list(fields.counts("us").map((index) => this.level(index)));
    fields.end();
    return leaf(terms.constant(name, levels));
  }

  #makeApp(fields: Fields): (index: number) => void {
    const [fn, arg] = [fields.count("fn"), fields.count("arg")];
    fields.end();
    const expr = this.#terms.app(this.expr(fn), this.expr(arg));
    return (index) => void this.#exprs.define(index, expr, fn, arg);
  }

  #makeBinder(record: Fields): (index: number) => void {
    const kind = record.has("lam") ? "lam" : "forallE";
    const fields = record.object(kind);
    const binder = this.name(fields.count("name"));
    const [type, body] = [fields.count("type"), fields.count("body")];
    const style = STYLES.indexOf(fields.oneOf("binderInfo", STYLES));
    fields.end();
    const [domain, range] = [this.expr(type), this.expr(body)];
    const expr = kind === "lam" ? this.#terms.lam(domain, range) : this.#terms.pi(domain, range);
    return (index) => this.#exprs.setBinder(this.#exprs.define(index, expr, type, body), binder, style);
  }

  #makeLet(fields: Fields): (index: number) => void {
    const binder = this.name(fields.count("name"));
    const [type, value, body] = [fields.count("type"), fields.count("value"), fields.count("body")];
    fields.flag("nondep");
    fields.end();
    const expr = this.#terms.let(this.expr(type), this.expr(value), this.expr(body));
    return (index) => {
      this.#exprs.setBinder(this.#exprs.define(index, expr, type, value, body), binder, NO_STYLE);
    };
  }

  #makeProjection(fields: Fields): (index: number) => void {
    const name = this.name(fields.count("typeName"));
    const [field, part] = [fields.count("idx"), fields.count("struct")];
    fields.end();
    const expr = this.#terms.proj(name, field, this.expr(part));
    return (index) => void this.#exprs.define(index, expr, part);
  }

  /** Annotations mean nothing to the kernel. */
  #readAnnotated(fields: Fields): (index: number) => void {
    const of = fields.count("expr");
    this.expr(of);
    fields.object("data");
    fields.end();
    return (index) => this.#exprs.alias(index, of);
  }
}

const [IN, IL, IE] = [set("in"), set("il"), set("ie")];
const [SUCC, PARAM, MAX, IMAX] = [set("il", "succ"), set("il", "param"), set("il", "max"), set("il", "imax")];
const [APP, LAM, FORALL] = [set("ie", "app"), set("ie", "lam"), set("ie", "forallE")];
const [CONST, BVAR, SORT] = [set("ie", "const"), set("ie", "bvar"), set("ie", "sort")];
const [PROJ, LET] = [set("ie", "proj"), set("ie", "letE")];
const [STR, NUM, PRE_STR, PRE_I] = [set("in", "str"), set("in", "num"), set("pre", "str"), set("pre", "i")];
const [PRE, PART] = [set("pre"), set("str")];
const FN_ARG = set("fn", "arg");
const PROJECTION = set("typeName", "idx", "struct");
const BINDER = set("name", "type", "body", "binderInfo");
const BINDER_NUMBERS = set("name", "type", "body");
const BINDER_TEXTS = set("binderInfo");
const CONSTANT = set("name", "us");
const NAME = set("name");
const NONDEP = set("nondep");
const LET_FIELDS = set("name", "type", "value", "body", "nondep");
const LET_NUMBERS = set("name", "type", "value", "body");

function objectOf(bytes: Uint8Array, start: number, end: number, isFirst: boolean): JsonObject {
  let text: string;
  try {
    text = decoder.decode(bytes.subarray(start, end));
  } catch {
    return refuseFormat("not-utf8", "Cannot read the file: it is not UTF-8");
  }
  try {
    const value = parseJson(text);
    return isJsonObject(value)
      ? value
      : refuseFormat("not-json", "Cannot read the line: it is not a JSON object");
  } catch (error) {
    if (isFirst && error instanceof Fault) refuseOther(text);
    throw error;
  }
}

function unknownIndex(what: string, index: number): never {
  return refuseFormat("forward-reference", `Cannot find ${what} ${index}: no earlier line defines it`);
}

function freshIndex(table: { has(index: number): boolean }, index: number): number {
  if (table.has(index)) refuseFormat("duplicate-index", `Cannot define index ${index} again`);
  return index;
}

function parseNumber(text: string): bigint {
  if (!/^(?:0|[1-9][0-9]*)$/.test(text))
    refuseFormat("wrong-type", "Cannot read natVal: it must be a decimal number");
  if (text.length > DIGITS_MAX) refuseFormat("wrong-type", "Cannot read natVal: it is too long");
  return BigInt(text);
}
