// Random groups of inductive types.
import fc from "fast-check";
import type { Ctor, ConstructorField, SourceGroup, Type } from "./inductive.ts";
import { Nat } from "./prelude.ts";
import { nat, type, v } from "#lean/source/terms.ts";

/** One field: plain, a parameter's value, or recursive with arguments. */
const field = (typeCount: number) =>
  fc.oneof(
    fc.constantFrom<ConstructorField>({ name: "", type: Nat }, { name: "", type: v("α") }),
    fc
      .record({ target: fc.nat(typeCount - 1), args: fc.nat(2), index: fc.nat(3) })
      .map(({ target, args, index }): ConstructorField => ({
        name: "",
        target,
        args: Array.from({ length: args }, (_, i) => [`x${i}`, i === 0 ? Nat : v("α")] as const),
        indices: target === 0 ? [nat(index)] : [],
      })),
  );

/** Groups of one or two types; the first has an index. */
export const group = fc.integer({ min: 1, max: 2 }).chain((typeCount) =>
  fc
    .array(fc.array(fc.array(field(typeCount), { maxLength: 3 }), { maxLength: 3 }), {
      minLength: typeCount,
      maxLength: typeCount,
    })
    .map((all): SourceGroup => {
      const types = all.map((ctors, i): Type => {
        const made = ctors.map((fields, j): Ctor => ({
          name: `T${i}.c${j}`,
          fields: fields.map((one, f) => ({ ...one, name: `f${f}` })),
          indices: i === 0 ? [nat(j)] : [],
        }));
        return { name: `T${i}`, indices: i === 0 ? [["n", Nat]] : [], ctors: made };
      });
      return { params: [["α", type]], sort: 1, types };
    }),
);
