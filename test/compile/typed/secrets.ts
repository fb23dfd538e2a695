// Checked by the compiler, never run: a secret is for downloads and answers alone.
import {
  answer,
  command,
  debian,
  download,
  each,
  matrix,
  out,
  param,
  pipeline,
  secret,
  sh,
  source,
  stage,
  tool,
} from "pipelite";

const TOKEN = secret("TOKEN");
const first = stage(() => import("./stages/first.ts"));
const table = source("table.csv");
const hash = "sha256-x";
const data = download({ url: ["https://host/?key=", TOKEN], headers: { "X-Key": TOKEN }, hash });
const asked = answer(first.file("report.md"), () => import("./stages/checked.ts"), undefined, { key: TOKEN });

// @ts-expect-error an input of a stage
const input = stage(() => import("./stages/word.ts"), { word: TOKEN, n: 1 });
// @ts-expect-error the name of a stage
const named = stage(() => import("./stages/word.ts"), { word: "a", n: 1 }, { name: TOKEN });
// @ts-expect-error a word
const word = command(tool("ls"), [TOKEN, out]);
// @ts-expect-error a variable
const variable = command(tool("ls"), [out], { env: { TOKEN } });
// @ts-expect-error standard input
const stdin = command(tool("ls"), [out], { stdin: TOKEN });
// @ts-expect-error a program
const program = command(TOKEN, [out]);
// @ts-expect-error a value of a script
const script = sh`echo ${TOKEN} > ${out}`;
// @ts-expect-error the hash of a download
const hashed = download({ url: "https://host/x", hash: TOKEN });
// @ts-expect-error a source
const path = source(TOKEN);
// @ts-expect-error a package
const packages = debian([TOKEN]);
// @ts-expect-error a file
const file = table.file(TOKEN);
// @ts-expect-error a default
const parameter = param.text({ default: TOKEN });
// @ts-expect-error a list
const items = each(TOKEN, () => first);
// @ts-expect-error a value of a matrix
const varied = matrix({ a: [TOKEN] }, () => first);

void [input, named, word, variable, stdin, program, script, hashed, path, packages, file];
void [parameter, items, varied];

export default pipeline({ data, asked });
