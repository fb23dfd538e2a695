// Opens a view of the kind that fits where the output goes.
import { monotonicMs } from "#base/clock.ts";
import { shownJson } from "#base/shown-json.ts";
import { createPlainView } from "./plain.ts";
import { createTreeView } from "./tree.ts";
import type { Output, View, ViewKind, ViewOptions } from "./view.ts";

const DEFAULTS: ViewOptions = {
  color: false,
  unicode: true,
  verbosity: "normal",
  cwd: "/",
  now: () => monotonicMs(),
};

/** A view that writes to `stream`; close it when the run has ended, whatever the end. */
export function createView(kind: ViewKind, stream: Output, options: Partial<ViewOptions> = {}): View {
  const all = { ...DEFAULTS, ...options };
  if (kind === "json") return createJsonView(stream);
  const isTree = kind === "tree" && all.verbosity !== "quiet";
  return isTree ? createTreeView(stream, all) : createPlainView(stream, all);
}

/** A plan comes at once: so many of its lines are one write. */
const PLAN_LINES = 256;

/** One event a line, as it is. */
function createJsonView(stream: Output): View {
  const planned: string[] = [];
  const flush = (): void => {
    if (planned.length > 0) stream.write(planned.splice(0).join(""));
  };
  return {
    listener: (event) => {
      planned.push(`${shownJson(event)}\n`);
      if (event.type !== "stage-planned" || planned.length === PLAN_LINES) flush();
      else if (planned.length === 1) setImmediate(flush);
    },
    cancelling: flush,
    close: flush,
  };
}
