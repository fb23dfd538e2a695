// Checked by the compiler, never run: what a pipeline.ts may say and what it may not. Each @ts-expect-error is a mistake
// that must stay an error.
import { answer, check, command, gate, out, param, pipeline, sh, source, stage, tool } from "pipelite";

const first = stage(() => import("./stages/first.ts"));
const table = source("table.csv");
const mode = param.choice(["fast", "safe"], { default: "fast" });

const good = stage(() => import("./stages/second.ts"), { first, seconds: 3, mode, table });
const gated = stage(() => import("./stages/second.ts"), {
  first: gate(first, "facts.json"),
  seconds: param.integer({ default: 10 }),
  mode: "safe",
  table: first.file("report.md"),
  words: null,
  parts: [first, gate(first, "facts.json"), first.file("report.md")],
  byName: { one: first },
});
const picture = command(tool("sox"), [first.file("sound.wav"), "-n", "spectrogram", "-o", out]);
const rate = param.integer({ default: 44_100, name: "rate" });
const played = command(first.file("report.md"), ["-r", rate, 2, tool("sox"), out("a.wav")], {
  stdin: first.file("sound.wav"),
  stdout: "a.txt",
  path: [tool("cat")],
  copies: { "in/a.md": first },
  keep: ["in"],
});
const script = sh({ path: [tool("cat")] })`cat ${picture} ${[first, "x"]} > ${out}`;

// A run without a model has no answer: only who takes `null` takes one.
const asked = answer(first.file("facts.json"), () => import("./stages/checked.ts"));
const told = stage(() => import("./stages/second.ts"), { first, seconds: 3, mode, table, words: asked });

// @ts-expect-error a model's answer where there must be a stage
const wrongAnswer = stage(() => import("./stages/second.ts"), { first: asked, seconds: 3, mode, table });
// @ts-expect-error a file of an answer as a word of a command
const wrongWord = command(tool("sox"), [asked.file("report.md")]);
// @ts-expect-error an option that parameters have not
const wrongOption = param.integer({ minimum: 3 });
// @ts-expect-error an input is missing
const missing = stage(() => import("./stages/second.ts"), { first, seconds: 3, mode });
// @ts-expect-error no inputs at all
const none = stage(() => import("./stages/second.ts"));
// @ts-expect-error a stage with other files
const wrongStage = stage(() => import("./stages/second.ts"), { first: good, seconds: 3, mode, table });
// @ts-expect-error a text where a number belongs
const wrongValue = stage(() => import("./stages/second.ts"), { first, seconds: "3", mode, table });
// @ts-expect-error a parameter of another type
const wrongParam = stage(() => import("./stages/second.ts"), { first, seconds: param.text(), mode, table });
// @ts-expect-error a program where a number belongs
const wrongTool = stage(() => import("./stages/second.ts"), { first, seconds: param.tool(), mode, table });
// @ts-expect-error a choice that the stage does not know
const wrongChoice = stage(() => import("./stages/second.ts"), { first, seconds: 3, mode: "slow", table });
// @ts-expect-error a property that the stage does not take
const tooMuch = stage(() => import("./stages/second.ts"), { first, seconds: 3, mode, table, extra: 1 });
const wrongList = stage(() => import("./stages/second.ts"), {
  first,
  seconds: 3,
  mode,
  table,
  // @ts-expect-error a list with a stage of other files
  parts: [first, good],
});
// @ts-expect-error a file that the stage does not make
const wrongFile = command(tool("sox"), [first.file("sound.mp3")]);
// @ts-expect-error a program that is only a name
const wrongProgram = command("ls", []);
// @ts-expect-error a list as a word
const wrongListWord = command(tool("ls"), [["-l"]]);
// @ts-expect-error a program that a run brings as a word
const wrongBrought = command(tool("ls"), [param.tool()]);
// @ts-expect-error standard input from a text
const wrongStdin = command(tool("ls"), [], { stdin: "a.txt" });
// @ts-expect-error a value of a script that is no word
const wrongScript = sh`ls ${{ a: 1 }}`;
const near = check({
  statement: "The order is small",
  evidence: first.file("facts.json").at("/n"),
  formula: "$1",
  accept: "value <= limit",
  limit: param.number({ default: 3 }),
});
const held = gate(first, near);
// @ts-expect-error a verdict that has no status
const wrongGate = gate(first, "report.md");
// @ts-expect-error a stage that is no check
const wrongCheck = gate(first, first);
// @ts-expect-error a check without a condition
const noAccept = check({ statement: "n", evidence: first.file("facts.json"), formula: "size($1)" });
// @ts-expect-error a verdict that the stage does not make
const wrongVerdict = gate(first, "verdict.json");
// @ts-expect-error a default that is none of the choices
const wrongDefault = param.choice(["a", "b"], { default: "c" });

void [
  missing,
  none,
  wrongStage,
  wrongValue,
  wrongParam,
  wrongTool,
  wrongChoice,
  wrongList,
  tooMuch,
  wrongFile,
  wrongProgram,
  wrongListWord,
  wrongBrought,
  wrongStdin,
  wrongScript,
  wrongVerdict,
  wrongDefault,
  wrongAnswer,
  wrongGate,
  wrongCheck,
  noAccept,
  wrongWord,
  wrongOption,
];

export default pipeline({ first, good, gated, picture, played, script, told, held });
