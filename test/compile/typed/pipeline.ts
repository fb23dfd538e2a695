// Checked by the compiler, never run: what a pipeline.ts may say and what it may not. Each @ts-expect-error is a mistake
// that must stay an error.
import {
  answer,
  check,
  command,
  each,
  gate,
  matrix,
  out,
  param,
  pipeline,
  range,
  sh,
  source,
  stage,
  tool,
} from "pipelite";

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

// The list of a stage types what is made of its items, and how that is read together.
const words = stage(() => import("./stages/words.ts"));
const parts = each(words.file("words.json"), ({ word, n }) =>
  stage(() => import("./stages/word.ts"), { word, n }),
);
const rows = each(words.file("words.json"), (item) =>
  each(words.file("words.json"), ({ word }) => stage(() => import("./stages/word.ts"), { word, n: item.n })),
);
const typed = each(table, (item: { word: string }) =>
  stage(() => import("./stages/word.ts"), { word: item.word, n: 1 }),
);
const together = stage(() => import("./stages/together.ts"), { parts, rows });
const asBefore = stage(() => import("./stages/together.ts"), { parts: [], rows: each(table, () => typed) });
const listed = command(tool("ls"), [parts, out]);
const keyed = each(words.file("words.json"), () => table, { key: "word", name: "word" });
const varied = matrix({ n: range(1, 3), word: ["a", "b"] }, (values) =>
  stage(() => import("./stages/word.ts"), values),
);
const ofVaried = stage(() => import("./stages/together.ts"), { parts: varied, rows });
// @ts-expect-error a text where a number belongs
const wrongVaried = matrix({ n: ["1"], word: ["a"] }, (v) => stage(() => import("./stages/word.ts"), v));
// @ts-expect-error no such property of an item
const wrongKey = each(words.file("words.json"), () => table, { key: "letter" });
// @ts-expect-error no such property of an item
const wrongItem = each(words.file("words.json"), ({ letter }) =>
  stage(() => import("./stages/word.ts"), { word: letter, n: 1 }),
);
const wrongMade = each(words.file("words.json"), ({ n }) =>
  // @ts-expect-error what is made takes another type
  stage(() => import("./stages/word.ts"), { word: n, n }),
);
// @ts-expect-error no list
const wrongFileOfItems = each(words.file("notes.txt"), () => table);
// @ts-expect-error nothing is made
const wrongNothing = each(words.file("words.json"), () => null);
// @ts-expect-error what is made has other files
const wrongTogether = stage(() => import("./stages/together.ts"), { parts: keyed, rows });
// @ts-expect-error a list of lists
const wrongDepth = stage(() => import("./stages/together.ts"), { parts: rows, rows });
// @ts-expect-error one reader is asked for, and this is a list
const wrongOne = stage(() => import("./stages/second.ts"), { first: parts, seconds: 3, mode, table });

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
  wrongVaried,
  wrongKey,
  wrongItem,
  wrongMade,
  wrongFileOfItems,
  wrongNothing,
  wrongTogether,
  wrongDepth,
  wrongOne,
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

export default pipeline({
  together,
  ofVaried,
  asBefore,
  listed,
  keyed,
  first,
  good,
  gated,
  picture,
  played,
  script,
  told,
  held,
});
