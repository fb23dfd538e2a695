// Where the values of secrets come from when a run begins.
import { own } from "#base/own.ts";
import { readNamedText } from "#base/files.ts";
import { spawnSync } from "node:child_process";
import type { Variables } from "#base/environment.ts";
import { isPipeliteError, systemErrorCode, type PipeliteError } from "#base/errors.ts";
import { pipeliteError } from "./errors.ts";
import { SECRET_BYTES_MIN, type SecretValue } from "./needles.ts";
import { Secrets, type SecretFound } from "./secrets.ts";

/** A variable, a file, or a command line whose output it is; by default the variable of the secret's own name. */
export type SecretSource =
  | { from: "environment"; variable: string }
  | { from: "file"; path: string }
  | { from: "command"; command: string };

export interface SecretsWanted {
  /** Those that the pipeline declares. */
  names: readonly string[];
  sources: Readonly<Record<string, SecretSource>>;
  env: Variables;
}

/** The error for a secret that is where none may be. */
export function secretFound(secret: string, where: string): PipeliteError {
  return pipeliteError("SECRET_FOUND", { secret, where });
}

/** Reads every secret there is. One that is absent is an error only where it is needed. */
export function readSecrets({ names, sources, env }: SecretsWanted): Secrets {
  const secrets: SecretValue[] = [];
  const found: SecretFound[] = [];
  for (const name of new Set(names)) {
    const source = own(sources, name) ?? { from: "environment", variable: name };
    const value = readSecret(name, source, env);
    found.push({ name, from: source.from, status: value === undefined ? "absent" : "present" });
    if (value === undefined) continue;
    if (Buffer.byteLength(value) < SECRET_BYTES_MIN)
      throw pipeliteError("SECRET_TOO_SHORT", { secret: name, least: SECRET_BYTES_MIN });
    secrets.push({ name, value });
  }
  return new Secrets(secrets, found);
}

/**
 * One value, without the newline at its end; undefined where there is none.
 * @param name for messages
 * @throws PipeliteError SECRET_SOURCE_FAILED
 */
export function readSecret(name: string, source: SecretSource, env: Variables): string | undefined {
  switch (source.from) {
    case "environment":
      return withoutNewline(own(env, source.variable) ?? "") || undefined;
    case "file":
      return withoutNewline(fileOf(name, source.path));
    case "command":
      return withoutNewline(outputOf(name, source.command, env));
  }
}

/** Editors and programs end their last line. */
function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}

function fileOf(secret: string, path: string): string {
  try {
    return readNamedText(path);
  } catch (error) {
    if (isPipeliteError(error)) throw error;
    const problem = systemErrorCode(error) ?? "it can't be read";
    throw pipeliteError("SECRET_SOURCE_FAILED", { secret, from: "file", problem }, error);
  }
}

const COMMAND_MS_MAX = 60_000;

/** What it says when it fails may hold what nobody is to see: it is not told. */
function outputOf(secret: string, command: string, env: Variables): string {
  const { status, signal, stdout, error } = spawnSync("sh", ["-c", command], {
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: COMMAND_MS_MAX,
    killSignal: "SIGKILL",
  });
  // One that ends well although it was stopped has not said all of it.
  if (status === 0 && error === undefined) return stdout;
  const ending = signal === null ? `it exited with ${status}` : `it was ended by ${signal}`;
  const problem = error === undefined ? ending : (systemErrorCode(error) ?? ending);
  throw pipeliteError("SECRET_SOURCE_FAILED", { secret, from: "command", problem });
}

/** @throws SECRET_MISSING */
export function requireSecret(secrets: Secrets, name: string, place: string): string {
  const value = secrets.value(name);
  if (value === undefined) throw pipeliteError("SECRET_MISSING", { secret: name, place });
  return value;
}
