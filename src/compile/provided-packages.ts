// Packages that are in the environment of a stage: its bundle leaves their imports as they are, and when it runs Node looks for them
// there.
import type { Plugin } from "esbuild";
import { isOwnCode } from "#base/own-code.ts";
import { packageName } from "./packages.ts";

export const providedPackages = (names: ReadonlySet<string>): Plugin => ({
  name: "provided packages",
  setup(build) {
    if (names.size === 0) return;
    build.onResolve({ filter: /^[^./]/ }, ({ path, importer }) =>
      isOwnCode(importer) || !names.has(packageName(path) ?? "") ? undefined : { path, external: true },
    );
  },
});

/** What Node is started with before such a bundle: names that are asked for from outside of these packages mean them. */
export const PRELOAD = `--import=data:text/javascript,${encodeURIComponent(`
import { isBuiltin, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
const modules = pathToFileURL(process.env.NODE_PATH).href + "/";
const parentURL = new URL("../stage.js", modules).href;
registerHooks({
  resolve(specifier, context, next) {
    const isName = /^[^./]/.test(specifier) && !isBuiltin(specifier) && !URL.canParse(specifier);
    const isOutside = context.parentURL !== undefined && !context.parentURL.startsWith(modules);
    return next(specifier, isName && isOutside ? { ...context, parentURL } : context);
  },
});`)}`;
