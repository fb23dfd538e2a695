// Which caches a command takes from.
import type { RunOptions } from "#run/options.ts";
import type { Context } from "./context.ts";

/** Those that the command line and the environment name; the module of caches is loaded only where there are any. */
export async function cachesOf(
  { env, cwd }: Context,
  flags: Record<"cache" | "trustedKey", readonly string[]>,
): Promise<RunOptions["caches"]> {
  if (flags.cache.length === 0 && !env["PIPELITE_CACHES"]) return undefined;
  const { cachesOfEnvironment } = await import("#app/cache.ts");
  const usual = cachesOfEnvironment(env);
  const caches = flags.cache.length > 0 ? flags.cache : usual.caches;
  return { caches, trustedKeys: [...flags.trustedKey, ...usual.trustedKeys], cwd, env };
}
