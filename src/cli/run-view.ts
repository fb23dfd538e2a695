// The view of a run that fits where its output goes.
import { wantsColor } from "#view/paint.ts";
import { createView } from "#view/open-view.ts";
import type { View } from "#view/view.ts";
import { hasUnicode, type Context, type GlobalFlags } from "./context.ts";

export function openView(context: Context, flags: GlobalFlags): View {
  const { stdout, stderr, env } = context;
  if (flags.json) return createView("json", stdout);
  const isTerminal = stderr.isTTY === true && env["TERM"] !== "dumb";
  return isTerminal ? createView("tree", stderr, optionsOf(context, flags)) : openPlainView(context, flags);
}

/** For runs that go on beside others: nothing is rewritten. */
export function openPlainView(context: Context, flags: GlobalFlags): View {
  return createView("plain", context.stderr, optionsOf(context, flags));
}

function optionsOf(context: Context, flags: GlobalFlags): Parameters<typeof createView>[2] {
  const { stderr, cwd } = context;
  return {
    color: wantsColor(flags.color, stderr),
    unicode: hasUnicode(context),
    verbosity: flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal",
    cwd,
  };
}
