// The declarations of an export, as written there: nothing in them is believed yet.
import type { Expr } from "./expr.ts";
import { refuseFormat } from "./fault.ts";
import { isObject, type Fields } from "./fields.ts";
import type { Name } from "./name.ts";

interface Header {
  readonly name: Name;
  readonly levelParams: readonly Name[];
  readonly type: Expr;
  /** Index of the type in the export, to print it as spelled there. */
  readonly typeIndex: number;
}

export interface AxiomRecord extends Header {
  readonly kind: "axiom";
  readonly isUnsafe: boolean;
}

export interface ValuedRecord extends Header {
  readonly kind: "definition" | "theorem" | "opaque";
  readonly value: Expr;
  readonly hint: number;
  /** partial and unsafe declarations are not part of the logic. */
  readonly isUnsafe: boolean;
  readonly all: readonly Name[];
}

export interface QuotientRecord extends Header {
  readonly kind: "quotient";
  readonly role: "type" | "ctor" | "lift" | "ind";
}

export interface TypeRecord extends Header {
  readonly paramCount: number;
  readonly indexCount: number;
  readonly all: readonly Name[];
  readonly constructors: readonly Name[];
  readonly nestedCount: number;
  readonly isRecursive: boolean;
  readonly isUnsafe: boolean;
  readonly isReflexive: boolean;
}

export interface ConstructorRecord extends Header {
  readonly inductive: Name;
  readonly index: number;
  readonly paramCount: number;
  readonly fieldCount: number;
  readonly isUnsafe: boolean;
}

export interface RuleRecord {
  readonly constructor: Name;
  readonly fieldCount: number;
  readonly value: Expr;
}

export interface RecursorRecord extends Header {
  readonly all: readonly Name[];
  readonly paramCount: number;
  readonly indexCount: number;
  readonly motiveCount: number;
  readonly minorCount: number;
  readonly rules: readonly RuleRecord[];
  readonly isK: boolean;
  readonly isUnsafe: boolean;
}

export interface InductiveRecord {
  readonly kind: "inductive";
  readonly types: readonly TypeRecord[];
  readonly constructors: readonly ConstructorRecord[];
  readonly recursors: readonly RecursorRecord[];
}

export type Declaration = AxiomRecord | ValuedRecord | QuotientRecord | InductiveRecord;

/** What indices stand for. */
export interface Tables {
  name(index: number): Name;
  expr(index: number): Expr;
}

export function readDeclaration(record: Fields, tables: Tables): Declaration {
  const declaration = readKind(record, tables);
  record.end();
  return declaration;
}

function readKind(record: Fields, tables: Tables): Declaration {
  if (record.has("thm")) return readTheorem(record.object("thm"), tables);
  if (record.has("def")) return readDefinition(record.object("def"), tables);
  if (record.has("inductive")) return readInductive(record.object("inductive"), tables);
  if (record.has("opaque")) return readOpaque(record.object("opaque"), tables);
  if (record.has("quot")) return readQuotient(record.object("quot"), tables);
  if (!record.has("axiom"))
    refuseFormat("unknown-record", "Cannot read the line: it is no record of the format");
  const fields = record.object("axiom");
  return ended(fields, { kind: "axiom", ...readHeader(fields, tables), isUnsafe: fields.flag("isUnsafe") });
}

function ended<T>(fields: Fields, value: T): T {
  fields.end();
  return value;
}

function readNames(fields: Fields, field: string, tables: Tables): Name[] {
  return fields.counts(field).map((index) => tables.name(index));
}

function readHeader(fields: Fields, tables: Tables): Header {
  const typeIndex = fields.count("type");
  return {
    name: tables.name(fields.count("name")),
    levelParams: readNames(fields, "levelParams", tables),
    type: tables.expr(typeIndex),
    typeIndex,
  };
}

function readTheorem(fields: Fields, tables: Tables): ValuedRecord {
  const value = tables.expr(fields.count("value"));
  const all = readNames(fields, "all", tables);
  return ended(fields, {
    kind: "theorem",
    ...readHeader(fields, tables),
    value,
    all,
    hint: -1,
    isUnsafe: false,
  });
}

function readOpaque(fields: Fields, tables: Tables): ValuedRecord {
  const value = tables.expr(fields.count("value"));
  const all = readNames(fields, "all", tables);
  const isUnsafe = fields.flag("isUnsafe");
  return ended(fields, { kind: "opaque", ...readHeader(fields, tables), value, all, hint: -1, isUnsafe });
}

function readDefinition(fields: Fields, tables: Tables): ValuedRecord {
  const value = tables.expr(fields.count("value"));
  const all = readNames(fields, "all", tables);
  const isUnsafe = fields.oneOf("safety", ["safe", "unsafe", "partial"]) !== "safe";
  const hint = readHint(fields);
  return ended(fields, { kind: "definition", ...readHeader(fields, tables), value, all, hint, isUnsafe });
}

function readHint(fields: Fields): number {
  const hint = fields.any("hints");
  if (hint === "opaque") return -1;
  if (hint === "abbrev") return Infinity;
  if (isObject(hint)) {
    const { regular, ...more } = hint;
    if (
      typeof regular === "number" &&
      Number.isSafeInteger(regular) &&
      regular >= 0 &&
      Object.keys(more).length === 0
    ) {
      return regular;
    }
  }
  return refuseFormat("wrong-type", "Cannot read hints: they must be opaque, abbrev or {regular: number}");
}

function readQuotient(fields: Fields, tables: Tables): QuotientRecord {
  const role = fields.oneOf("kind", ["type", "ctor", "lift", "ind"]);
  return ended(fields, { kind: "quotient", ...readHeader(fields, tables), role });
}

function readInductive(fields: Fields, tables: Tables): InductiveRecord {
  return ended(fields, {
    kind: "inductive",
    types: fields.objects("types").map((item) => readType(item, tables)),
    constructors: fields.objects("ctors").map((item) => readConstructor(item, tables)),
    recursors: fields.objects("recs").map((item) => readRecursor(item, tables)),
  });
}

function readType(fields: Fields, tables: Tables): TypeRecord {
  return ended(fields, {
    ...readHeader(fields, tables),
    paramCount: fields.count("numParams"),
    indexCount: fields.count("numIndices"),
    all: readNames(fields, "all", tables),
    constructors: readNames(fields, "ctors", tables),
    nestedCount: fields.count("numNested"),
    isRecursive: fields.flag("isRec"),
    isUnsafe: fields.flag("isUnsafe"),
    isReflexive: fields.flag("isReflexive"),
  });
}

function readConstructor(fields: Fields, tables: Tables): ConstructorRecord {
  return ended(fields, {
    ...readHeader(fields, tables),
    inductive: tables.name(fields.count("induct")),
    index: fields.count("cidx"),
    paramCount: fields.count("numParams"),
    fieldCount: fields.count("numFields"),
    isUnsafe: fields.flag("isUnsafe"),
  });
}

function readRecursor(fields: Fields, tables: Tables): RecursorRecord {
  return ended(fields, {
    ...readHeader(fields, tables),
    all: readNames(fields, "all", tables),
    paramCount: fields.count("numParams"),
    indexCount: fields.count("numIndices"),
    motiveCount: fields.count("numMotives"),
    minorCount: fields.count("numMinors"),
    rules: fields.objects("rules").map((item) => readRule(item, tables)),
    isK: fields.flag("k"),
    isUnsafe: fields.flag("isUnsafe"),
  });
}

function readRule(fields: Fields, tables: Tables): RuleRecord {
  const constructor = tables.name(fields.count("ctor"));
  const value = tables.expr(fields.count("rhs"));
  return ended(fields, { constructor, fieldCount: fields.count("nfields"), value });
}
