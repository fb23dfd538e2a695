// `pipelite cache serve`: the store of a home as a binary cache.
import { command, toggle, usualChoice, usualValue, value } from "#cli/command.ts";
import { homeOf, pathOf, print, printJson, say, type ExitCode } from "#cli/context.ts";
import { parseSize, pathKeyFlag } from "#cli/flags.ts";

export const cacheServe = command({
  brief: "Serve this store as a binary cache, for Pipelite and for Nix",
  about: [
    "Until it is asked to stop (Ctrl-C, SIGTERM); what is being read then is finished first. Everybody who reaches it may " +
      "read. With --token-file, whoever has one of the tokens may upload, too: as a bearer token, or as the password of a user.",
    "Nix takes a path from it by `nix copy --from http://127.0.0.1:8080 PATH`.",
    "Beside Nix's own names: GET /health, GET /metrics (Prometheus), POST /missing, GET /HASH.closure.narinfo.",
  ],
  examples: [
    ["pipelite cache serve", "on this machine only"],
    ["pipelite cache serve --host 0.0.0.0 --port 8080 --key cache.key", "for the network, signed"],
  ],
  flags: {
    host: usualValue("ADDRESS", "Address to listen on", { usual: "127.0.0.1" }),
    port: usualValue("PORT", "Port to listen on; 0 takes a free one", { parse: parsePort, usual: "8080" }),
    key: pathKeyFlag,
    tokenFile: value("FILE", "File with tokens, one a line, of those who may upload"),
    keepFree: usualValue("SIZE", "What uploads leave free on the disk: 512M, 20G", {
      parse: parseSize,
      usual: "1G",
    }),
    compression: usualChoice("HOW", ["zstd", "none"], "How NARs are packed", "zstd"),
    log: toggle("Say each request"),
  },
  async run(context, flags): Promise<ExitCode> {
    const { serveHome } = await import("#app/cache.ts");
    const { host, port, compression, key, tokenFile, keepFree: keptFreeBytes } = flags;
    const stop = context.interruption();
    const server = await serveHome({
      home: homeOf(context, flags.store),
      host,
      port,
      compression,
      keptFreeBytes,
      keyFile: key && pathOf(context, key),
      tokenFile: tokenFile && pathOf(context, tokenFile),
      ...(flags.log && { onRequest: (line: string) => say(context, flags, line) }),
    });
    if (flags.json) printJson(context, { url: server.url });
    else print(context, server.url);
    await new Promise<void>((resolve) => {
      if (stop.aborted) resolve();
      stop.addEventListener("abort", () => resolve(), { once: true });
    });
    await server.stop();
    return 0;
  },
});

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new RangeError("it must be a port, 0 to 65535");
  return port;
}
