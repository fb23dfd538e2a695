// `pipelite init`: a pipeline that works, small enough to be read at once and changed into one's own.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { VERSION } from "#base/version.ts";
import { pathOf, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { formatList } from "#view/format.ts";
import { pipeliteError } from "#cli/errors.ts";

export type InitFlags = GlobalFlags;

const PIPELINE = `import { param, pipeline, stage } from "pipelite";

// Each stage is a module of its own: it is built again when its code, its inputs or its parameters change.
const samples = stage(() => import("./stages/samples.ts"), {
  count: param.integer({ default: 1000, min: 1 }),
});
const summary = stage(() => import("./stages/summary.ts"), { samples });

// The names here are the folders of the result.
export default pipeline({ samples, summary });
`;

const SAMPLES = `// A stage returns its files: text and bytes are written as they are, anything else as JSON.
export default async function samples({ count }: { count: number }) {
  const values: number[] = [];
  let state = 1;
  for (let index = 0; index < count; index += 1) {
    // A fixed sequence: a stage that is given the same must make the same.
    state = (state * 48271) % 2147483647;
    values.push(state / 2147483647);
  }
  console.log(\`made \${count} samples\`);
  return { "samples.json": { values } };
}
`;

const SUMMARY = `import type { Input } from "pipelite";
import type samples from "./samples.ts";

// An input is the output of another stage; its files and their types are known from there.
export default async function summary({ samples: input }: { samples: Input<typeof samples> }) {
  const { values } = await input.json("samples.json");
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    "summary.json": { count: values.length, mean },
    "summary.md": \`\${values.length} samples with a mean of \${mean.toFixed(4)}\\n\`,
  };
}
`;

const TSCONFIG = `{
  "compilerOptions": {
    "target": "esnext",
    "module": "nodenext",
    "lib": ["esnext"],
    "types": ["node"],
    "strict": true,
    "noEmit": true,
    "skipLibCheck": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true
  }
}
`;

/** What makes the pipeline; none of these may be there already. */
const PIPELINE_FILES: Readonly<Record<string, string>> = {
  "pipeline.ts": PIPELINE,
  "stages/samples.ts": SAMPLES,
  "stages/summary.ts": SUMMARY,
};

/** What an editor and npm want; where one is there already, it is the user's and stays. */
function companionFiles(folder: string): Record<string, string> {
  const manifest = {
    name: packageName(folder),
    private: true,
    type: "module",
    scripts: { start: "pipelite run" },
    devDependencies: { "@types/node": "^26", pipelite: `^${VERSION}` },
  };
  return {
    "package.json": `${JSON.stringify(manifest, undefined, 2)}\n`,
    "tsconfig.json": TSCONFIG,
    ".gitignore": "/node_modules\n/result\n",
  };
}

function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-");
  return name.replaceAll(/^-+|-+$/g, "") || "pipeline";
}

export function init(context: Context, flags: InitFlags, where = "."): void {
  const folder = pathOf(context, where);
  const present = Object.keys(PIPELINE_FILES).filter((name) => existsSync(join(folder, name)));
  if (present.length > 0) {
    throw pipeliteError("INIT_WOULD_OVERWRITE", { folder, files: formatList(present) });
  }
  const written: string[] = [];
  for (const [name, content] of Object.entries({ ...companionFiles(folder), ...PIPELINE_FILES })) {
    const file = join(folder, name);
    if (existsSync(file)) continue;
    mkdirSync(dirname(file), { recursive: true });
    // The flag makes sure of it even if the file came to be a moment ago.
    writeFileSync(file, content, { flag: "wx" });
    written.push(name);
  }
  if (flags.json) return printJson(context, { folder, written });
  const inside = relative(context.cwd, folder);
  say(context, flags, `wrote ${formatList(written)}`);
  say(context, flags, `next: ${inside === "" ? "pipelite run" : `pipelite run ${inside}`}`);
}
