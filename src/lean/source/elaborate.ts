// From declarations as Lean writes them to terms with nothing left out: hidden arguments are found by unifying types. What
// is not found is an error; a proof that is found wrongly, the kernel refuses. That statements mean what is written is held
// by tests against what the kernel prints of them.
import { CORE_ARGUMENTS } from "./core.ts";
import { apply, constructorOf, rename, spread, step, substitute, type KnownConstant } from "./reduce.ts";
import { hasMeta, isMeta, shortened, showTerm, withLevels } from "./inspect.ts";
import { inductive, type ConstructorField } from "./inductive.ts";
import {
  name as nameOf,
  parse,
  type SourceDeclaration,
  type InductiveDeclaration,
  type Syntax,
  type SyntaxBinder,
  type ValueDeclaration,
} from "./syntax.ts";
import { ap, c, nat, prop, sort, v, type Export, type Term } from "./terms.ts";

const SHORT: Readonly<Record<string, string>> = {
  true: "Bool.true",
  false: "Bool.false",
  Prop: "Prop",
  Type: "Type",
};

interface Local {
  readonly unique: string;
  readonly type: Term;
}
type Scope = ReadonlyMap<string, Local>;
/** A term with its type. */
type Typed = readonly [term: Term, type: Term];

/** A theorem that was elaborated. */
export interface Elaborated {
  readonly name: string;
  /** As it is written. */
  readonly statement: string;
}

export class Elaborator {
  readonly #out: Export;
  readonly #namespace: string;
  readonly #known = new Map<string, KnownConstant>();
  readonly #hidden = new Map<string, readonly boolean[]>();
  readonly #heights = new Map<string, number>();
  readonly #found = new Map<string, Term>();
  #count = 0;

  /** @param namespace of the declarations, and where names are looked up first */
  constructor(out: Export, namespace: string) {
    this.#out = out;
    this.#namespace = namespace;
    this.#learnTypes();
  }

  /** The export so far. */
  text(): string {
    return this.#out.text();
  }

  /**
   * Elaborates and exports the declarations of a file, and gives its theorems. Throws RangeError with the name of the one
   * that has something left open.
   */
  declare(text: string, namespace = this.#namespace): Elaborated[] {
    return parse(text).flatMap((declaration) => {
      const name = namespace === "" ? declaration.name : `${namespace}.${declaration.name}`;
      try {
        this.#declare(name, declaration);
      } catch (error) {
        if (error instanceof RangeError) throw new RangeError(`${name}: ${error.message}`);
        throw error;
      }
      return declaration.kind === "theorem" ? { name, statement: declaration.statement } : [];
    });
  }

  #declare(name: string, declaration: SourceDeclaration): void {
    if (declaration.kind === "inductive") this.#declareType(name, declaration);
    else this.#declareValue(name, declaration);
  }

  #declareType(name: string, { name: own, ctors }: InductiveDeclaration): void {
    const fieldOf = (of: Syntax, called: string): ConstructorField =>
      of.t === "name" && of.name === own
        ? { name: called, target: 0 }
        : { name: called, type: this.#settle(this.#elaborate(of, undefined, new Map())[0]) };
    const fieldsOf = (type: Syntax): ConstructorField[] => {
      const types: Syntax[] = [];
      for (let at = type; at.t === "forall"; at = at.body)
        types.push(...at.binders.map(({ type: of }): Syntax => of ?? { t: "hole" }));
      return types.map((of, index) => fieldOf(of, `a${index + 1}`));
    };
    const made = ctors.map((ctor) => ({ name: `${name}.${ctor.name}`, fields: fieldsOf(ctor.type) }));
    inductive(this.#out, { sort: 1, types: [{ name, ctors: made }] });
    this.#learnTypes();
  }

  /** What the export declares by itself. */
  #learnTypes(): void {
    for (const [name, { of, levels }] of this.#out.types)
      if (!this.#known.has(name)) this.#known.set(name, { type: of, levels });
  }

  #declareValue(name: string, { kind, binders, type, value }: ValueDeclaration): void {
    const opened = this.#open(binders, new Map());
    const [result] = this.#elaborate(type, undefined, opened.scope);
    const [proof, of] = this.#elaborate(value, result, opened.scope);
    this.#unify(of, result);
    const whole = rename(this.#settle(close("forallE", opened.locals, result)));
    const term = rename(this.#settle(close("lam", opened.locals, proof)));
    this.#hidden.set(
      name,
      binders.map(({ implicit }) => implicit),
    );
    if (kind === "theorem") {
      this.#known.set(name, { type: whole, levels: [] });
      this.#out.thm(name, whole, term);
    } else {
      const height = 1 + this.#heightOf(term);
      this.#heights.set(name, height);
      this.#known.set(name, { type: whole, levels: [], value: term });
      this.#out.def(name, whole, term, [], { hints: { regular: height } });
    }
  }

  /** The greatest height of the definitions that a term uses: checkers unfold the highest first. */
  #heightOf(term: Term): number {
    if (term.k === "const") return this.#heights.get(term.name) ?? 0;
    if (term.k === "app") return Math.max(this.#heightOf(term.fn), this.#heightOf(term.arg));
    if (term.k === "lam" || term.k === "forallE")
      return Math.max(this.#heightOf(term.type), this.#heightOf(term.body));
    return 0;
  }

  #open(binders: readonly SyntaxBinder[], scope: Scope): { scope: Scope; locals: Local[] } {
    const inner = new Map(scope);
    const locals = binders.map(({ name, type }) => {
      const local = this.#local(
        name,
        type === undefined ? this.#meta() : this.#elaborate(type, undefined, inner)[0],
      );
      inner.set(name, local);
      return local;
    });
    return { scope: inner, locals };
  }

  #local(name: string, type: Term): Local {
    return { unique: `${name}#${(this.#count += 1)}`, type };
  }

  #meta(): Term {
    return v(`?${(this.#count += 1)}`);
  }

  #elaborate(syntax: Syntax, expected: Term | undefined, scope: Scope): Typed {
    switch (syntax.t) {
      case "number":
        return [nat(BigInt(syntax.value)), c("Nat")];
      case "hole":
        return [this.#meta(), expected ?? this.#meta()];
      case "name":
        if (syntax.name === "rfl" && !scope.has("rfl"))
          return this.#call(nameOf("Eq.refl"), [{ t: "hole" }], expected, scope);
        return this.#call(syntax, [], expected, scope);
      case "call":
        return this.#call(syntax.fn, syntax.args, expected, scope);
      case "typed": {
        const [type] = this.#elaborate(syntax.type, undefined, scope);
        const [term, of] = this.#elaborate(syntax.of, type, scope);
        this.#unify(of, type);
        return [term, type];
      }
      case "fun":
        return this.#function(syntax.binders, syntax.body, expected, scope);
      case "forall": {
        const { scope: inner, locals } = this.#open(syntax.binders, scope);
        return [close("forallE", locals, this.#elaborate(syntax.body, undefined, inner)[0]), prop];
      }
      case "exists": {
        const fun: Syntax = { ...syntax, t: "fun" };
        return this.#call(nameOf("Exists"), [fun], undefined, scope);
      }
      case "list": {
        const nil = nameOf("List.nil");
        const whole = syntax.items.reduceRight<Syntax>(
          (rest, item) => ({ t: "call", fn: nameOf("List.cons"), args: [item, rest] }),
          nil,
        );
        return this.#elaborate(whole, expected, scope);
      }
      case "tuple":
        return this.#tuple(syntax.items, this.#shape(expected), scope);
      case "compute": {
        const { head, args } = spread(this.#shape(expected, "Eq"));
        const [type, left] = args;
        if (type === undefined || left === undefined) throw new RangeError("only equations are computed");
        return [ap(c("Eq.refl", 1), type, left), ap(head, type, left, left)];
      }
    }
  }

  #tuple(items: readonly Syntax[], goal: Term, scope: Scope): Typed {
    const { head, args } = spread(goal);
    const made = head.k === "const" ? { And: "And.intro", Exists: "Exists.intro" }[head.name] : undefined;
    const [first, ...rest] = items;
    if (made === undefined || first === undefined) throw new RangeError("⟨⟩ is for 'and' and 'exists'");
    const others: Syntax = rest.length === 1 && rest[0] ? rest[0] : { t: "tuple", items: rest };
    const fn: Syntax = { ...(nameOf(made) as Syntax & { t: "name" }), explicit: false };
    return this.#call(fn, [first, others], ap(head, ...args), scope);
  }

  #function(binders: readonly SyntaxBinder[], body: Syntax, expected: Term | undefined, scope: Scope): Typed {
    const [binder, ...rest] = binders;
    if (binder === undefined) return this.#elaborate(body, expected, scope);
    const goal = expected === undefined ? undefined : this.#shape(expected);
    const wanted = goal?.k === "forallE" ? goal : undefined;
    const type =
      binder.type === undefined
        ? (wanted?.type ?? this.#meta())
        : this.#elaborate(binder.type, undefined, scope)[0];
    if (wanted !== undefined) this.#unify(wanted.type, type);
    const local = this.#local(binder.name, type);
    const inner = new Map([...scope, [binder.name, local]]);
    const result = wanted && substitute(wanted.body, new Map([[wanted.name, v(local.unique)]]));
    const [term, of] = this.#function(rest, body, result, inner);
    const fun = close("lam", [local], term);
    return [shortened(fun), close("forallE", [local], of)];
  }

  #call(fn: Syntax, given: readonly Syntax[], expected: Term | undefined, scope: Scope): Typed {
    const { term: head, type: headType, hidden } = this.#head(fn, scope);
    const args: Term[] = [];
    const waiting: { syntax: Syntax; place: Term; type: Term }[] = [];
    let type = headType;
    let next = 0;
    for (;;) {
      const isHidden = hidden[args.length] === true;
      if (!isHidden && next === given.length) break;
      let at = this.#shape(type);
      if (at.k !== "forallE" && waiting.length > 0) {
        this.#fill(waiting, scope);
        at = this.#shape(type);
      }
      if (at.k !== "forallE") throw new RangeError("a call has too many arguments");
      const place = this.#meta();
      const syntax = given[next];
      if (!isHidden && syntax !== undefined) {
        waiting.push({ syntax, place, type: at.type });
        next += 1;
      }
      args.push(place);
      type = substitute(at.body, new Map([[at.name, place]]));
    }
    if (expected !== undefined) this.#unify(type, expected);
    this.#fill(waiting, scope);
    if (expected !== undefined) this.#unify(type, expected);
    return [this.#instantiate(ap(head, ...args)), this.#instantiate(type)];
  }

  /** Elaborates arguments in their order; what needs to know its type waits for the others. */
  #fill(waiting: { syntax: Syntax; place: Term; type: Term }[], scope: Scope): void {
    const isEarly = ({ syntax, type }: { syntax: Syntax; type: Term }): boolean => {
      if (syntax.t === "tuple" || syntax.t === "compute")
        return !isMeta(spread(this.#instantiate(type)).head);
      if (syntax.t !== "fun" || syntax.binders.every((binder) => binder.type !== undefined)) return true;
      const at = this.#shape(type);
      return at.k === "forallE" && !hasMeta(at.type);
    };
    const filled: [of: Term, type: Term][] = [];
    const fillOne = ({ syntax, place, type }: { syntax: Syntax; place: Term; type: Term }): void => {
      const [term, of] = this.#elaborate(syntax, this.#instantiate(type), scope);
      filled.push([of, type]);
      this.#unify(of, type);
      this.#unify(place, term);
      if (place.k === "var") this.#found.set(place.name, term);
    };
    const late = waiting.splice(0).filter((one) => {
      const early = isEarly(one);
      if (early) fillOne(one);
      return !early;
    });
    late.forEach(fillOne);
    // Once more: what came later may tell what was open.
    for (const [of, type] of filled) this.#unify(of, type);
  }

  #head(fn: Syntax, scope: Scope): { term: Term; type: Term; hidden: readonly boolean[] } {
    if (fn.t !== "name") {
      const [term, type] = this.#elaborate(fn, undefined, scope);
      return { term, type, hidden: [] };
    }
    const local = scope.get(fn.name);
    if (local !== undefined) return { term: v(local.unique), type: local.type, hidden: [] };
    const short = SHORT[fn.name] ?? fn.name;
    if (short === "Prop") return { term: prop, type: sort(1), hidden: [] };
    if (short === "Type") return { term: sort(1), type: sort(2), hidden: [] };
    const full = [`${this.#namespace}.${short}`, short].find((one) => this.#known.has(one)) ?? short;
    const known = this.#known.get(full);
    if (known === undefined) throw new RangeError(`there is no ${fn.name}`);
    const [count = 0, levels = []] = CORE_ARGUMENTS[full] ?? [];
    const given = fn.levels.length > 0 ? fn.levels : levels;
    const hidden = this.#hidden.get(full) ?? Array.from({ length: count }, () => true);
    const type = withLevels(known.type, new Map(known.levels.map((level, i) => [level, given[i] ?? 0])));
    return { term: c(full, ...given), type, hidden: fn.explicit ? [] : hidden };
  }

  /** A type as far unfolded as its form shows: a function type, or a call of the constant that is wanted. */
  #shape(type: Term | undefined, wanted?: string): Term {
    let at = this.#instantiate(type ?? this.#meta());
    const isShown = (): boolean => {
      const { head } = spread(at);
      if (at.k === "forallE") return true;
      return head.k === "const" && (head.name === wanted || head.name === "And" || head.name === "Exists");
    };
    for (let next = isShown() ? undefined : step(at, this.#known); next !== undefined;) {
      at = next;
      next = isShown() ? undefined : step(at, this.#known);
    }
    return at;
  }

  #instantiate(term: Term): Term {
    return hasMeta(term) ? this.#replaceMetas(term) : term;
  }

  #replaceMetas(term: Term): Term {
    switch (term.k) {
      case "var": {
        const found = this.#found.get(term.name);
        return found === undefined ? term : this.#instantiate(found);
      }
      case "app":
        return apply(this.#instantiate(term.fn), this.#instantiate(term.arg));
      case "lam":
      case "forallE":
        return { ...term, type: this.#instantiate(term.type), body: this.#instantiate(term.body) };
      default:
        return term;
    }
  }

  #settle(term: Term): Term {
    const done = this.#instantiate(term);
    if (hasMeta(done)) throw new RangeError(`something is left open in ${showTerm(done)}`);
    return done;
  }

  /** Finds what is left open in two terms by making them equal; false when they can't be seen to be. */
  #unify(one: Term, other: Term): boolean {
    const [a, b] = [this.#instantiate(one), this.#instantiate(other)];
    if (!hasMeta(a) && !hasMeta(b)) return true;
    if (isMeta(a)) return this.#assign(a.name, b);
    if (isMeta(b)) return this.#assign(b.name, a);
    if ((a.k === "lam" || a.k === "forallE") && a.k === b.k) {
      const body = substitute(b.body, new Map([[b.name, v(a.name)]]));
      return this.#unify(a.type, b.type) && this.#unify(a.body, body);
    }
    return this.#unifyCalls(a, b);
  }

  #unifyCalls(a: Term, b: Term): boolean {
    const [x, y] = [spread(constructorOf(a)), spread(constructorOf(b))];
    if (isMeta(x.head) || isMeta(y.head)) return false;
    const isSame =
      x.head.k === y.head.k &&
      (x.head.k === "const" || x.head.k === "var") &&
      x.head.name === (y.head as { name: string }).name &&
      x.args.length === y.args.length;
    if (isSame) {
      const results = x.args.map((arg, i) => this.#unify(arg, y.args[i] ?? arg));
      if (results.every(Boolean)) return true;
    }
    // The definition that rests on more is unfolded first: it may come down to the other.
    const [first, second] = this.#heightOf(y.head) > this.#heightOf(x.head) ? [b, a] : [a, b];
    const next = step(first, this.#known);
    if (next !== undefined) return this.#unify(next, second);
    const other = step(second, this.#known);
    return other === undefined ? false : this.#unify(first, other);
  }

  #assign(meta: string, term: Term): boolean {
    if (term.k === "var" && term.name === meta) return true;
    this.#found.set(meta, term);
    return true;
  }
}

function close(kind: "lam" | "forallE", locals: readonly Local[], body: Term): Term {
  return locals.reduceRight<Term>(
    (at, { unique, type }) => ({ k: kind, name: unique, type, body: at }),
    body,
  );
}
