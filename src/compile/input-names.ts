// Runs inside the sandbox: which inputs a stage function asks for, so that a misspelt name is told. pipeline.ts need not have met
// the compiler, and an input that is not given may be one that may be left out.
import { nearWords } from "#base/near-words.ts";

/** The inputs, and what is wrong with the names that were asked of them so far. */
export function watchNames(given: Readonly<Record<string, unknown>>): {
  inputs: object;
  /** A name that was asked for, was not given, and is a slip away from one that was given and not asked for. */
  misspelt: () => string | undefined;
} {
  const asked = new Set<string>();
  const inputs = new Proxy(given, {
    get(target, name) {
      if (typeof name === "string") asked.add(name);
      return Reflect.get(target, name) as unknown;
    },
    ownKeys(target) {
      for (const name of Object.keys(target)) asked.add(name);
      return Reflect.ownKeys(target);
    },
  });
  const misspelt = (): string | undefined => {
    const left = Object.keys(given).filter((name) => !asked.has(name));
    for (const name of asked) {
      if (Object.hasOwn(given, name)) continue;
      const [near] = nearWords(name, left);
      if (near !== undefined)
        return `the stage reads an input '${name}' that it is not given, and does not read '${near}', which it is: one of the two is misspelt`;
    }
    return undefined;
  };
  return { inputs, misspelt };
}
