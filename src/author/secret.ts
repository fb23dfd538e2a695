// What comes from outside: secrets, which nothing but a download or an answer gets, and variables, which are parameters.
import { textSchema, type Param } from "./param.ts";
import { knownOptions } from "./options.ts";
import { callerPlace } from "./source-position.ts";
import { pipeliteError } from "./errors.ts";

/** A value that is known when it is needed and never written anywhere. Here it is a name only. */
export interface Secret {
  readonly kind: "secret";
  readonly name: string;
  readonly place: string;
}

/** A text with secrets in it: `["Bearer ", secret("TOKEN")]`. */
export type SecretText = string | Secret | readonly (string | Secret)[];

/**
 * A secret, for downloads and answers alone: the variable NAME when the pipeline is run, or what `--secret NAME=file:PATH` or
 * `--secret NAME=command:WORDS` says. Of at least 8 bytes; logs and outputs are searched for it.
 */
export function secret(name: string): Secret {
  const place = callerPlace();
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw pipeliteError("SECRET_NAME_INVALID", { place, name });
  const made: Secret = { kind: "secret", name, place };
  // In a template, or in JSON, it would be its description that is sent.
  for (const way of [Symbol.toPrimitive, "toJSON"])
    Object.defineProperty(made, way, {
      value: () => {
        throw pipeliteError("SECRET_MISPLACED", { place, name });
      },
    });
  for (const names of noticing) names.add(name);
  return Object.freeze(made);
}

/** Who wants to know which secrets are made. */
const noticing = new Set<Set<string>>();

/** Does something, and tells the names of secrets that were made meanwhile, also by what goes on beside it. */
export async function noticingSecrets<T>(action: () => Promise<T>): Promise<{ value: T; made: string[] }> {
  const names = new Set<string>();
  noticing.add(names);
  try {
    return { value: await action(), made: [...names] };
  } finally {
    noticing.delete(names);
  }
}

/** The parameter NAME, which has the value of the variable NAME where the run does not set it. */
export function env(name: string, options: { default?: string; pattern?: RegExp } = {}): Param<string> {
  const place = callerPlace();
  const { default: fallback, pattern } = knownOptions(options, ["default", "pattern"], place);
  const schema = textSchema({ ...(pattern && { pattern }) });
  if (fallback !== undefined && !schema.accepts(fallback))
    throw pipeliteError("PARAM_DEFAULT_INVALID", { place, value: fallback, wanted: schema.description });
  return Object.freeze({ kind: "param", schema, name, default: fallback, variable: name, place });
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "secret";
}

/** Texts and secrets in their order. @throws SECRET_TEXT_INVALID */
export function textPartsOf(text: SecretText, place: string): readonly (string | Secret)[] {
  const parts: readonly unknown[] = typeof text === "string" || isSecret(text) ? [text] : text;
  const isRight = (part: unknown): part is string | Secret => typeof part === "string" || isSecret(part);
  if (!Array.isArray(parts) || !parts.every(isRight)) throw pipeliteError("SECRET_TEXT_INVALID", { place });
  return parts;
}

/**
 * A secret within data would be data: refused wherever it stands.
 * @param except members of the data that may have some
 * @throws SECRET_MISPLACED
 */
export function refuseSecrets(value: unknown, place: string, except: readonly string[] = []): void {
  if (isSecret(value)) throw pipeliteError("SECRET_MISPLACED", { place, name: value.name });
  if (typeof value !== "object" || value === null) return;
  // What is a handle itself was looked at when it was made.
  for (const name of Object.keys(value)) {
    const each = (value as Readonly<Record<string, unknown>>)[name];
    if (typeof each === "string" || except.includes(name) || isHandle(each)) continue;
    refuseSecrets(each, place);
  }
}

function isHandle(value: unknown): boolean {
  const isObject = typeof value === "object" && value !== null && !isSecret(value);
  return isObject && ("schema" in value || "node" in value || ("kind" in value && "place" in value));
}
