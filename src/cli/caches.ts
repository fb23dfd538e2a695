// Which caches a command takes from.
import type { RunOptions } from "#run/options.ts";
import type { Context } from "./context.ts";

/** Those that the command line and the environment name, wrong ones refused whether or not anything is asked of them; the module of caches is loaded only where there are any. */
export async function cachesOf(
  { env, cwd }: Context,
  flags: Record<"cache" | "trustedKey", readonly string[]>,
): Promise<RunOptions["caches"]> {
  const isNone = flags.cache.length === 0 && !env["PIPELITE_CACHES"];
  if (isNone && flags.trustedKey.length === 0) return undefined;
  const { cachesOfEnvironment, checkCaches } = await import("#app/cache.ts");
  const usual = cachesOfEnvironment(env);
  const caches = flags.cache.length > 0 ? flags.cache : usual.caches;
  const all = { caches, trustedKeys: [...flags.trustedKey, ...(isNone ? [] : usual.trustedKeys)], cwd, env };
  checkCaches(all);
  return isNone ? undefined : all;
}
