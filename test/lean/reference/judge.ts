// The second kernel's judgements. Conversion tries every way that the theory has: proofs are equal when what they prove is;
// the two sides are compared as they stand, and at every pair of their head reducts that could match.
import {
  Reader,
  type Constant,
  type Constructor,
  type Declared,
  type Family,
  type Recursor,
} from "./environment.ts";
import {
  apply,
  areAllSame,
  areSameLevels,
  close,
  constant,
  isSame,
  open,
  paramsOf,
  putLevels,
  show,
  sort,
  spine,
  succ,
  ZERO,
  type Level,
  type Term,
} from "./term.ts";

/** The rules don't allow it. */
export class Refusal extends Error {}
/** Too much work for a program without caches: nothing is said. */
export class GaveUp extends Error {}

const refuse = (message: string): never => {
  throw new Refusal(message);
};

export class Judge {
  readonly constants = new Map<string, Constant>();
  readonly #excluded = new Set<string>();
  #fresh = 0;
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  #spend(): void {
    if (this.#left-- <= 0) throw new GaveUp("no steps are left");
  }

  #variable(type: Term): Term & { k: "free" } {
    return { k: "free", id: this.#fresh++, type };
  }

  // --- typing

  /** The type of `e`; with `isChecked`, of an `e` of which nothing is known. */
  typeOf(e: Term, isChecked: boolean): Term {
    this.#spend();
    switch (e.k) {
      case "bound":
        return refuse("a variable that nothing binds");
      case "free":
        return e.type;
      case "sort":
        return sort(succ(e.level));
      case "const":
        return this.#typeOfConstant(e);
      case "app": {
        const f = this.whnf(this.typeOf(e.f, isChecked));
        if (f.k !== "pi") return refuse(`not a function: ${show(e.f)}`);
        if (isChecked) this.#demand(e.arg, f.type);
        return open(f.body, e.arg);
      }
      case "lam": {
        if (isChecked) this.levelOf(e.type, true);
        const x = this.#variable(e.type);
        return { k: "pi", type: e.type, body: close(this.typeOf(open(e.body, x), isChecked), x.id) };
      }
      case "pi": {
        const a = this.levelOf(e.type, isChecked);
        const b = this.levelOf(open(e.body, this.#variable(e.type)), isChecked);
        return sort({ k: "imax", a, b });
      }
      case "let":
        if (isChecked) {
          this.levelOf(e.type, true);
          this.#demand(e.value, e.type);
        }
        return this.typeOf(open(e.body, e.value), isChecked);
      case "proj":
        return this.#typeOfProjection(e, isChecked);
      case "nat":
        return this.constants.get("Nat")?.k === "family" ? constant("Nat") : refuse("no Nat");
      case "text":
        return this.constants.has("String") ? constant("String") : refuse("no String");
    }
  }

  #demand(e: Term, wanted: Term): void {
    const given = this.typeOf(e, true);
    if (!this.areEqual(given, wanted)) refuse(`${show(e)} has type ${show(given)}, not ${show(wanted)}`);
  }

  levelOf(type: Term, isChecked: boolean): Level {
    const of = this.whnf(this.typeOf(type, isChecked));
    return of.k === "sort" ? of.level : refuse(`not a type: ${show(type)}`);
  }

  /** Whether `type` is a proposition. A universe that is stuck is refused. */
  #isProposition(type: Term): boolean {
    return areSameLevels(this.levelOf(type, false), ZERO);
  }

  #typeOfConstant({ name, levels }: Term & { k: "const" }): Term {
    const known = this.constants.get(name);
    if (known === undefined)
      return refuse(`no constant ${name}${this.#excluded.has(name) ? " that is safe" : ""}`);
    if (known.params.length !== levels.length) return refuse(`levels of ${name}`);
    return putLevels(known.type, known.params, levels);
  }

  #typeOfProjection(e: Term & { k: "proj" }, isChecked: boolean): Term {
    const type = this.whnf(this.typeOf(e.of, isChecked));
    const [head, args] = spine(type);
    const family = head.k === "const" ? this.constants.get(head.name) : undefined;
    const [ctor, ...more] = family?.k === "family" ? family.ctors : [];
    if (
      head.k !== "const" ||
      family?.k !== "family" ||
      head.name !== e.name ||
      ctor === undefined ||
      more.length > 0
    )
      return refuse("a projection of what is no structure");
    const isProof = this.#isProposition(type);
    let at = this.#typeOfConstant({ k: "const", name: ctor, levels: head.levels });
    for (const arg of args.slice(0, family.paramCount)) {
      at = this.whnf(at);
      if (at.k !== "pi") return refuse("a structure without its parameters");
      at = open(at.body, arg);
    }
    for (let index = 0; ; index++) {
      at = this.whnf(at);
      if (at.k !== "pi") return refuse("a projection of no field");
      const isUsed = !isSame(open(at.body, sort(ZERO)), open(at.body, sort(succ(ZERO))));
      if (isProof && (index === e.index || isUsed) && !this.#isProposition(at.type))
        return refuse("data out of a proof");
      if (index === e.index) return at.type;
      at = open(at.body, { k: "proj", name: e.name, index, of: e.of });
    }
  }

  // --- reduction

  whnf(e: Term): Term {
    return this.#reducts(e).at(-1) ?? e;
  }

  /** `e` and all that it becomes by reducing its head. */
  #reducts(e: Term): Term[] {
    const all = [e];
    for (let at: Term | undefined = e; (at = this.#step(at)) !== undefined;) all.push(at);
    return all;
  }

  #step(e: Term): Term | undefined {
    this.#spend();
    const [head, args] = spine(e);
    const [first, ...rest] = args;
    if (head.k === "lam" && first !== undefined) return apply(open(head.body, first), rest);
    if (head.k === "let") return apply(open(head.body, head.value), args);
    if (head.k === "proj") {
      const field = this.#field(head);
      return field === undefined ? undefined : apply(field, args);
    }
    if (head.k !== "const") return undefined;
    const known = this.constants.get(head.name);
    if (known?.k === "def" || known?.k === "thm")
      return apply(putLevels(known.value, known.params, head.levels), args);
    if (known?.k === "rec") return this.#computeRecursor(known, head.levels, args);
    return known?.k === "quot" ? this.#computeQuotient(known.role, args) : undefined;
  }

  #field({ name, index, of }: Term & { k: "proj" }): Term | undefined {
    const [head, args] = spine(this.#constructed(this.whnf(of)));
    const ctor = head.k === "const" ? this.constants.get(head.name) : undefined;
    return ctor?.k === "ctor" && ctor.family === name ? args[ctor.paramCount + index] : undefined;
  }

  /** Literals as constructors say them. */
  #constructed(e: Term): Term {
    if (e.k === "nat") {
      if (e.value === 0n) return constant("Nat.zero");
      return apply(constant("Nat.succ"), [{ k: "nat", value: e.value - 1n }]);
    }
    if (e.k !== "text") return e;
    const char = constant("Char");
    const letters = Array.from(e.value, (letter) => {
      return apply(constant("Char.ofNat"), [{ k: "nat", value: BigInt(letter.codePointAt(0) ?? 0) }]);
    });
    const list = letters.reduceRight<Term>(
      (rest, letter) => apply(constant("List.cons", [ZERO]), [char, letter, rest]),
      apply(constant("List.nil", [ZERO]), [char]),
    );
    return apply(constant("String.ofList"), [list]);
  }

  #computeRecursor(rec: Recursor, levels: readonly Level[], args: readonly Term[]): Term | undefined {
    const before = rec.paramCount + rec.motiveCount + rec.minorCount;
    const major = args[before + rec.indexCount];
    if (major === undefined) return undefined;
    const made = this.#madeMajor(rec, major);
    const [head, fields] = spine(made);
    const rule = rec.rules.find(({ ctor }) => head.k === "const" && head.name === ctor);
    if (rule === undefined || fields.length < rule.fieldCount) return undefined;
    const value = putLevels(rule.value, rec.params, levels);
    const own = rule.fieldCount === 0 ? [] : fields.slice(-rule.fieldCount);
    return apply(value, [...args.slice(0, before), ...own, ...args.slice(before + rec.indexCount + 1)]);
  }

  /** The major premise as a constructor: by itself, by K, or by eta for a structure that is no proposition. */
  #madeMajor(rec: Recursor, major: Term): Term {
    const made = this.#constructed(this.whnf(major));
    const [head] = spine(made);
    if (head.k === "const" && this.constants.get(head.name)?.k === "ctor") return made;
    const type = this.whnf(this.typeOf(major, false));
    const [family, args] = spine(type);
    const known = family.k === "const" ? this.constants.get(family.name) : undefined;
    if (family.k !== "const" || known?.k !== "family" || known.name !== rec.family) return made;
    const [ctor] = known.ctors;
    if (ctor === undefined) return made;
    const bare = apply(constant(ctor, family.levels), args.slice(0, known.paramCount));
    if (rec.isK) return this.areEqual(type, this.typeOf(bare, false)) ? bare : made;
    const whole = this.#structure(known.name);
    if (whole === undefined || this.#isProposition(type)) return made;
    return apply(bare, this.#projections(whole, made));
  }

  #projections({ family, fieldCount }: Constructor, of: Term): Term[] {
    return Array.from({ length: fieldCount }, (_, index) => ({ k: "proj", name: family, index, of }));
  }

  /** The constructor of a structure: one constructor, no indices, not recursive. */
  #structure(name: string): Constructor | undefined {
    const family = this.constants.get(name);
    if (family?.k !== "family" || family.indexCount > 0 || family.isRecursive || family.ctors.length !== 1)
      return undefined;
    const ctor = this.constants.get(family.ctors[0] ?? "");
    return ctor?.k === "ctor" ? ctor : undefined;
  }

  #computeQuotient(role: string, args: readonly Term[]): Term | undefined {
    const [f, value, more] = role === "lift" ? [3, 5, 6] : [3, 4, 5];
    const quotient = args[value];
    const by = args[f];
    if ((role !== "lift" && role !== "ind") || quotient === undefined || by === undefined) return undefined;
    const [head, parts] = spine(this.whnf(quotient));
    const known = head.k === "const" ? this.constants.get(head.name) : undefined;
    const [, , of, ...rest] = parts;
    if (known?.k !== "quot" || known.role !== "ctor" || of === undefined || rest.length > 0) return undefined;
    return apply(by, [of, ...args.slice(more)]);
  }

  // --- conversion

  /** Whether two terms that have types are convertible. */
  areEqual(a: Term, b: Term): boolean {
    this.#spend();
    if (isSame(a, b)) return true;
    if (this.#areProofsOfOne(a, b)) return true;
    const [as, bs] = [this.#reducts(a), this.#reducts(b)];
    const [lastA, lastB] = [as.at(-1) ?? a, bs.at(-1) ?? b];
    if (this.#areNormalEqual(lastA, lastB)) return true;
    for (const x of as) {
      for (const y of bs) {
        if ((x !== lastA || y !== lastB) && this.#couldMatch(x, y) && this.#areArgumentsEqual(x, y))
          return true;
      }
    }
    return false;
  }

  #areProofsOfOne(a: Term, b: Term): boolean {
    const type = this.typeOf(a, false);
    if (a.k === "sort" || a.k === "pi" || !this.#isProposition(type)) return false;
    return this.areEqual(type, this.typeOf(b, false));
  }

  #couldMatch(a: Term, b: Term): boolean {
    const [[f], [g]] = [spine(a), spine(b)];
    if (f.k === "proj" && g.k === "proj") return f.name === g.name && f.index === g.index;
    return f.k === "const" && g.k === "const" && f.name === g.name;
  }

  #areArgumentsEqual(a: Term, b: Term): boolean {
    const [[f, xs], [g, ys]] = [spine(a), spine(b)];
    if (xs.length !== ys.length || !this.#areHeadsEqual(f, g)) return false;
    return xs.every((x, i) => {
      const y = ys[i];
      return y !== undefined && this.areEqual(x, y);
    });
  }

  #areHeadsEqual(f: Term, g: Term): boolean {
    if (f.k === "const") return g.k === "const" && f.name === g.name && areAllSame(f.levels, g.levels);
    if (f.k === "free") return g.k === "free" && f.id === g.id;
    if (f.k !== "proj") return false;
    return g.k === "proj" && f.name === g.name && f.index === g.index && this.areEqual(f.of, g.of);
  }

  /** Two terms whose heads don't reduce. */
  #areNormalEqual(a: Term, b: Term): boolean {
    if (a.k === "sort" && b.k === "sort") return areSameLevels(a.level, b.level);
    if ((a.k === "pi" && b.k === "pi") || (a.k === "lam" && b.k === "lam")) {
      const x = this.#variable(a.type);
      return this.areEqual(a.type, b.type) && this.areEqual(open(a.body, x), open(b.body, x));
    }
    if (a.k === "lam") return this.#isEta(a, b);
    if (b.k === "lam") return this.#isEta(b, a);
    if ((a.k === "nat" && b.k === "nat") || (a.k === "text" && b.k === "text")) return a.value === b.value;
    if (a.k === "nat" || a.k === "text")
      return this.#isConstructor(b) && this.areEqual(this.#constructed(a), b);
    if (b.k === "nat" || b.k === "text")
      return this.#isConstructor(a) && this.areEqual(a, this.#constructed(b));
    return (
      this.#areArgumentsEqual(a, b) ||
      this.#isStructureOf(a, b) ||
      this.#isStructureOf(b, a) ||
      this.#areUnits(a, b)
    );
  }

  #isConstructor(e: Term): boolean {
    const [head] = spine(e);
    return head.k === "const" && this.constants.get(head.name)?.k === "ctor";
  }

  /** `f` is `fun x => f x`. */
  #isEta(lambda: Term & { k: "lam" | "pi" }, f: Term): boolean {
    if (this.whnf(this.typeOf(f, false)).k !== "pi") return false;
    const x = this.#variable(lambda.type);
    return this.areEqual(open(lambda.body, x), apply(f, [x]));
  }

  /** `made` is a constructor with the projections of `e`. */
  #isStructureOf(e: Term, made: Term): boolean {
    const [head, args] = spine(made);
    const ctor = head.k === "const" ? this.constants.get(head.name) : undefined;
    if (ctor?.k !== "ctor" || this.#structure(ctor.family) === undefined) return false;
    if (args.length !== ctor.paramCount + ctor.fieldCount) return false;
    if (!this.areEqual(this.typeOf(e, false), this.typeOf(made, false))) return false;
    const fields = args.slice(ctor.paramCount);
    return this.#projections(ctor, e).every((projection, i) => {
      const field = fields[i];
      return field !== undefined && this.areEqual(projection, field);
    });
  }

  #areUnits(a: Term, b: Term): boolean {
    const type = this.whnf(this.typeOf(a, false));
    const [head] = spine(type);
    const ctor = head.k === "const" ? this.#structure(head.name) : undefined;
    return ctor?.fieldCount === 0 && this.areEqual(type, this.typeOf(b, false));
  }

  // --- declarations

  /** Holds a declaration to the rules and keeps it. @throws Refusal, GaveUp */
  declare({ constants, isExcluded }: Declared): void {
    for (const { name, params } of constants) {
      if (this.constants.has(name) || this.#excluded.has(name)) refuse(`${name} twice`);
      if (new Set(params).size < params.length) refuse(`a parameter twice`);
      if (isExcluded) this.#excluded.add(name);
    }
    if (isExcluded) return;
    for (const one of constants) {
      this.#demandParams(one);
      const level = this.levelOf(one.type, true);
      if (one.k === "thm" && !areSameLevels(level, ZERO)) refuse(`${one.name} is no proposition`);
      if ("value" in one) this.#demand(one.value, one.type);
      if (one.k === "family") this.constants.set(one.name, one);
      if (one.k === "ctor") this.constants.set(one.name, one);
      if (one.k === "rec") this.constants.set(one.name, one);
    }
    for (const one of constants) {
      this.constants.set(one.name, one);
      if (one.k === "rec") this.#demandRules(one);
    }
  }

  #demandParams({ params, type, ...rest }: Constant): void {
    const used = new Set<string>();
    const note = (level: Level): void => paramsOf(level).forEach((name) => used.add(name));
    const walk = (e: Term): void => {
      if (e.k === "sort") note(e.level);
      if (e.k === "const") e.levels.forEach(note);
      for (const part of Object.values(e))
        if (typeof part === "object" && part !== null && "k" in part && e.k !== "sort") walk(part as Term);
    };
    walk(type);
    if ("value" in rest) walk(rest.value);
    for (const name of used) if (!params.includes(name)) refuse(`no universe parameter ${name}`);
  }

  /** Each rule has the type that the recursor applied to its constructor has. */
  #demandRules(rec: Recursor): void {
    const levels = rec.params.map((name): Level => ({ k: "param", name }));
    for (const { ctor, value, fieldCount } of rec.rules) {
      const made = this.constants.get(ctor);
      if (made?.k !== "ctor") return;
      const family = this.constants.get(made.family) as Family;
      const own = rec.params.length > family.params.length ? levels.slice(1) : levels;
      const outer: (Term & { k: "free" })[] = [];
      let type: Term = putLevels(rec.type, rec.params, levels);
      for (let i = 0; i < rec.paramCount + rec.motiveCount + rec.minorCount; i++) {
        const pi = this.whnf(type);
        if (pi.k !== "pi") return refuse(`${rec.name} takes too little`);
        const x = this.#variable(pi.type);
        outer.push(x);
        type = open(pi.body, x);
      }
      if (rec.family !== made.family || rec.paramCount !== made.paramCount) continue;
      const fields: Term[] = [];
      let of = putLevels(made.type, made.params, own);
      for (let i = 0; i < made.paramCount + fieldCount; i++) {
        const pi = this.whnf(of);
        if (pi.k !== "pi") return refuse(`${ctor} takes too little`);
        const x = i < made.paramCount ? (outer[i] as Term) : this.#variable(pi.type);
        if (i >= made.paramCount) fields.push(x);
        of = open(pi.body, x);
      }
      const indices = spine(of)[1].slice(made.paramCount);
      const params = outer.slice(0, rec.paramCount);
      const whole = apply(constant(ctor, own), [...params, ...fields]);
      const wanted = this.typeOf(apply(constant(rec.name, levels), [...outer, ...indices, whole]), true);
      const given = this.typeOf(apply(value, [...outer, ...fields]), true);
      if (!this.areEqual(given, wanted)) refuse(`the rule of ${rec.name} for ${ctor} is of another type`);
    }
  }
}

export interface Verdict {
  readonly name: string;
  readonly line: number;
  readonly says: "yes" | "no" | "gave up";
  readonly why: string;
}

/** What the second kernel says to each declaration of an export, up to the first that it doesn't accept. */
export function judge(text: string, steps: number): Verdict[] {
  const reader = new Reader();
  const judge = new Judge(steps);
  const verdicts: Verdict[] = [];
  for (const [i, line] of text.trim().split("\n").entries()) {
    const declared = reader.read(line);
    if (declared === undefined) continue;
    const place = { name: declared.constants[0]?.name ?? "", line: i + 1 };
    try {
      judge.declare(declared);
      verdicts.push({ ...place, says: "yes", why: "" });
    } catch (error) {
      if (error instanceof RangeError || error instanceof GaveUp)
        return [...verdicts, { ...place, says: "gave up", why: error.message }];
      if (!(error instanceof Refusal)) throw error;
      return [...verdicts, { ...place, says: "no", why: error.message }];
    }
  }
  return verdicts;
}
