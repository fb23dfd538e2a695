// Whom registries know this machine as: what `podman login` and `docker login` have written (containers-auth.json(5)).
import { own } from "#base/own.ts";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { pipeliteError } from "#environment/errors.ts";

/** @returns `user:password` for a registry, or for a repository of it where that has its own */
export function credentialsOf(env: Variables, registry: string, repository: string): string | undefined {
  const names = [`${registry}/${repository}`, registry, ...(registry === "docker.io" ? [DOCKER] : [])];
  for (const file of filesOf(env)) {
    if (!existsSync(file)) continue;
    const auths = readAuths(file);
    for (const name of names) {
      const entry = own(auths, name);
      const auth = isObject(entry) ? entry["auth"] : undefined;
      if (typeof auth === "string" && auth !== "") return Buffer.from(auth, "base64").toString("utf8");
    }
  }
  return undefined;
}

/** What Docker has for its own registry. */
const DOCKER = "https://index.docker.io/v1/";

function filesOf(env: Variables): string[] {
  const given = env["REGISTRY_AUTH_FILE"];
  if (given !== undefined && given !== "") return [given];
  const { HOME: home, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: config, DOCKER_CONFIG: docker } = env;
  const own = [
    runtime && join(runtime, "containers/auth.json"),
    config ? join(config, "containers/auth.json") : home && join(home, ".config/containers/auth.json"),
    docker ? join(docker, "config.json") : home && join(home, ".docker/config.json"),
  ];
  return own.filter((file): file is string => file !== undefined && file !== "");
}

function readAuths(file: string): Record<string, unknown> {
  try {
    const value = parseStrictJson(readFileSync(file));
    const auths = isObject(value) ? (value["auths"] ?? {}) : undefined;
    if (!isObject(auths)) throw new SyntaxError("it has no `auths`");
    return auths;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("REGISTRY_AUTH_INVALID", { file, problem }, error);
  }
}
