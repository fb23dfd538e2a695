// `pipelite cache pull`: paths with all they need out of binary caches.
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import { argument, openCommand } from "#cli/command.ts";
import { homeOf, pathOf, print, printJson, say } from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";
import { cacheFlag, tokenFlag, trustedKeyFlag } from "#cli/flags.ts";
import { namedPath } from "#cli/store-access.ts";

export const cachePull = openCommand({
  brief: "Take paths, with all they need, from binary caches",
  about: [
    "A path is taken when its name follows from its content or a trusted key signed it, and only with the content that was " +
      "signed. A cache that answers wrongly is named and asked no more.",
  ],
  examples: [
    ["pipelite cache pull /nix/store/...-audio --from /srv/cache", "from a folder"],
    [
      "pipelite cache pull /nix/store/...-hello-2.12 --from https://cache.nixos.org --trusted-key cache.nixos.org-1:6NCH...",
      "from the cache of Nix",
    ],
  ],
  flags: { from: cacheFlag, trustedKey: trustedKeyFlag, tokenFile: tokenFlag },
  arg: argument("PATH", "Store path"),
  async run(context, flags, ...words) {
    const { cachesOfEnvironment, pullFromCaches, readToken } = await import("#app/cache.ts");
    const usual = cachesOfEnvironment(context.env);
    const caches = flags.from.length > 0 ? flags.from : usual.caches;
    if (caches.length === 0)
      throw pipeliteError("ARGUMENT_MISSING", {
        name: "--from",
        suggestion: "Say which cache: a folder or an address, or name it in PIPELITE_CACHES",
      });
    const { added, bytes } = await pullFromCaches({
      home: homeOf(context, flags.store),
      caches,
      trustedKeys: [...flags.trustedKey, ...usual.trustedKeys],
      token: readToken(flags.tokenFile && pathOf(context, flags.tokenFile)),
      paths: await Promise.all(words.map(namedPath)),
      cwd: context.cwd,
      env: context.env,
      signal: context.interruption(),
      onRefused: (url, error) => say(context, flags, `${error.message}; ${url} is asked no more`),
    });
    if (flags.json) return printJson(context, { added, bytes });
    print(context, added.join("\n"));
    say(context, flags, `${formatCount(added.length, "path")} added (${formatSize(bytes)} as NAR)`);
  },
});
