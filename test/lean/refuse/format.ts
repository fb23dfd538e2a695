// Files that are not in the format.
import { Export, META, prop, type, type ExportLine } from "#lean/source/terms.ts";
import { start } from "../prelude.ts";
import { refuse, type Case } from "./case.ts";

const lines = (...records: readonly ExportLine[]): string =>
  [META, ...records].map((record) => `${JSON.stringify(record)}\n`).join("");

const version = (text: string): string =>
  JSON.stringify({ meta: { ...META.meta, format: { version: text } } });

const A = { str: { pre: 0, str: "A" }, in: 1 };
const PROP = { sort: 0, ie: 0 };
const axiom = { axiom: { name: 1, levelParams: [], type: 0, isUnsafe: false } };

export const FORMAT: readonly Case[] = [
  refuse("an empty file", "not-an-export", () => ""),
  refuse("a file without meta", "not-an-export", () => `${JSON.stringify(A)}\n`),
  refuse("format 2", "format-version", () => version("2.0.0")),
  refuse("format 3.2", "format-version", () => version("3.2.0")),
  refuse("a version alone, of the old text format", "format-version", () => "2.0.0\n1 #NS 0 Nat\n"),
  refuse("the old text format", "format-version", () => "1 #NS 0 Nat\n"),
  refuse("format 3.10", "format-version", () => version("3.10.0")),
  refuse("a meta line without the version of Lean", "missing-field", () =>
    JSON.stringify({ meta: { exporter: META.meta.exporter, format: META.meta.format } }),
  ),
  refuse("a line that is not JSON", "not-json", () => `${lines()}1 #NS 0 A\n`),
  refuse("a line that is a list", "not-json", () => `${lines()}[]\n`),
  refuse("an empty line", "not-json", () => `${lines()}\n`),
  refuse("a file cut within its last line", "not-json", () => lines(A, PROP, axiom).slice(0, -9)),
  refuse("a second meta line", "unknown-record", () => lines(META)),
  refuse("a declaration of no known kind", "unknown-record", () => lines({ instance: {} })),
  refuse("bytes that are not UTF-8", "not-utf8", () => new Uint8Array([0x7b, 0xff, 0x0a])),
  refuse(
    "half of a surrogate pair in a name",
    "wrong-type",
    () => `${lines()}{"in":1,"str":{"pre":0,"str":"\\ud800"}}\n`,
  ),
  refuse("a field that names do not have", "unknown-field", () => lines({ ...A, note: 1 })),
  refuse("a field that axioms do not have", "unknown-field", () =>
    lines(A, PROP, { axiom: { ...axiom.axiom, value: 0 } }),
  ),
  refuse("two kinds of expression in one record", "unknown-field", () => lines({ ...PROP, bvar: 0 })),
  refuse("a name that is two kinds", "unknown-field", () => lines({ ...A, num: { pre: 0, i: 1 } })),
  refuse("two declarations in one record", "unknown-field", () => lines(A, PROP, { ...axiom, note: {} })),
  refuse("an axiom that does not say whether it is unsafe", "missing-field", () =>
    lines(A, PROP, { axiom: { name: 1, levelParams: [], type: 0 } }),
  ),
  refuse("a name index used twice", "duplicate-index", () => lines(A, { ...A, str: { pre: 0, str: "B" } })),
  refuse("the anonymous name defined again", "duplicate-index", () => lines({ ...A, in: 0 })),
  refuse("level 0 defined again", "duplicate-index", () => lines({ succ: 0, il: 0 })),
  refuse("an expression index used twice", "duplicate-index", () => lines(PROP, { bvar: 0, ie: 0 })),
  refuse("an expression that refers to itself", "forward-reference", () =>
    lines({ app: { fn: 0, arg: 0 }, ie: 0 }),
  ),
  refuse("an expression that refers forward", "forward-reference", () =>
    lines({ app: { fn: 1, arg: 1 }, ie: 0 }, { ...PROP, ie: 1 }),
  ),
  refuse("a name that refers forward", "forward-reference", () => lines({ ...A, str: { pre: 2, str: "A" } })),
  refuse("a level that refers to itself", "forward-reference", () => lines({ succ: 1, il: 1 })),
  refuse("a declaration of a missing expression", "forward-reference", () => lines(A, axiom)),
  refuse("a negative index", "bad-index", () => lines({ bvar: -1, ie: 0 })),
  refuse("an index that is no whole number", "bad-index", () => lines({ sort: 0.5, ie: 0 })),
  refuse("an index that is a text", "bad-index", () => lines({ sort: "0", ie: 0 })),
  refuse(
    "an index past the exact numbers",
    "bad-index",
    () => `${lines()}{"ie":0,"bvar":9007199254740993}\n`,
  ),
  refuse("max of three levels", "wrong-type", () => lines({ max: [0, 0, 0], il: 1 })),
  refuse("a literal that is a JSON number", "wrong-type", () => lines({ natVal: 5, ie: 0 })),
  refuse("a negative literal", "wrong-type", () => lines({ natVal: "-1", ie: 0 })),
  refuse("a hexadecimal literal", "wrong-type", () => lines({ natVal: "0x10", ie: 0 })),
  refuse("a literal with a leading zero", "wrong-type", () => lines({ natVal: "010", ie: 0 })),
  refuse("an empty literal", "wrong-type", () => lines({ natVal: "", ie: 0 })),
  refuse("a binder of no known style", "wrong-type", () =>
    lines(A, PROP, { lam: { name: 1, type: 0, body: 0, binderInfo: "ghost" }, ie: 1 }),
  ),
  refuse("hints that are nothing", "wrong-type", () =>
    start().def("A", type, prop, [], { hints: { regular: -1 } }),
  ),
  refuse("safety that is nothing", "wrong-type", () => start().def("A", type, prop, [], { safety: "sound" })),
  refuse("a projection out of an unknown name", "forward-reference", () =>
    new Export().raw({ sort: 0, ie: 0 }).raw({ proj: { typeName: 7, idx: 0, struct: 0 }, ie: 1 }),
  ),
  refuse("a constant with a level of no line", "forward-reference", () => {
    const e = new Export();
    return e.raw({ const: { name: e.name("A"), us: [3] }, ie: 0 });
  }),
  refuse("a name used as an expression", "forward-reference", () => {
    const e = new Export();
    e.name("A");
    return e.raw({ app: { fn: 1, arg: 1 }, ie: 0 });
  }),
];
