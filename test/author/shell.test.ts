// Values in a script of sh: whatever is in them, bash gets them as they are, wherever they may stand; where they may not, the
// script is refused. Held against a real bash.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import { handleOf } from "#author/nodes.ts";
import { command, out, tool } from "#author/command.ts";
import { sh, type ShellWord } from "#author/shell.ts";
import { inputs, peer } from "../rig/peer.ts";

/** The words that bash is called with; those that are no text are shown as such. */
function wordsOf(node: ReturnType<typeof sh>): string[] {
  const handle = handleOf(node);
  assert.ok(handle.kind === "command");
  return handle.words.map(String);
}

function template(parts: readonly string[]): TemplateStringsArray {
  return Object.assign([...parts], { raw: parts });
}

/** What `show` was called with in the script, by a real bash. */
function shown(parts: readonly string[], values: readonly ShellWord[]): string[] {
  const before = `show() { printf '%s\\0' "$@"; }; `;
  const words = wordsOf(sh(template([before + (parts[0] ?? ""), ...parts.slice(1)]), ...values));
  const { status, stdout, stderr } = spawnSync("bash", words, { encoding: "utf8", env: {} });
  assert.equal(status, 0, stderr + words.join(" "));
  return stdout.split("\0").slice(0, -1);
}

const hostile = fc.oneof(
  fc.constantFrom(
    "",
    "'",
    '"',
    "`id`",
    "$(id)",
    "$HOME",
    "a b",
    "*",
    "~",
    "\n",
    "'; id; '",
    "\\",
    "!!",
    "#",
    "-n",
    "&&",
    "EOF",
  ),
  fc.string({ unit: fc.constantFrom(..."'\"\\$`(){}[]<>|&;*?~!# \n\tax=é€".split("")), maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }).map((text) => text.replaceAll("\0", "").toWellFormed()),
);

interface Part {
  text: [before: string, after: string];
  /** What `show` gets, from the value. */
  expect: (value: string) => string[];
}

/** Places where one value may stand, each a whole line of a script. */
const places: Part[] = [
  { text: ["show ", "\n"], expect: (value) => [value] },
  { text: ["show x", "y z\n"], expect: (value) => [`x${value}y`, "z"] },
  { text: ['show "a ', ' b"\n'], expect: (value) => [`a ${value} b`] },
  { text: ["show --x=", "; show done\n"], expect: (value) => [`--x=${value}`, "done"] },
  { text: ["x=", '; show "$x"\n'], expect: (value) => [value] },
  { text: ['show "$(printf "%s." ', ')"\n'], expect: (value) => [`${value}.`] },
  { text: ['show "$(case x in x) printf "%s." ', ' ;; esac)"\n'], expect: (value) => [`${value}.`] },
  { text: ["case ", " in *) show case;; esac\n"], expect: () => ["case"] },
  { text: ["if [[ x == ", " ]]; then :; fi; show 'it''s'\n"], expect: () => ["its"] },
  { text: ["# it's ", "\nshow comment\n"], expect: () => ["comment"] },
  { text: ["f() { show ", "; }; f a b\n"], expect: (value) => [value] },
  { text: ["(show ", ")\n"], expect: (value) => [value] },
  { text: ["for x in ", '; do show "$x"; done\n'], expect: (value) => [value] },
  { text: ["a=(1 ", '); show "${a[@]}"\n'], expect: (value) => ["1", value] },
  { text: ["show $((1 << 2)) ", "\n"], expect: (value) => ["4", value] },
  { text: ["show $'it\\'s' ", "\n"], expect: (value) => ["it's", value] },
  { text: ["unset y; show \"${y:-'}'}\" ", "\n"], expect: (value) => ["'}'", value] },
  { text: ["IFS= read -r -d '' x <<< ", ' || :; show "$x"\n'], expect: (value) => [`${value}\n`] },
  {
    text: ["IFS= read -r -d '' x <<EOF || :\nit's ", ' "\nEOF\nshow "$x"\n'],
    expect: (value) => [`it's ${value} "\n`],
  },
  { text: ["IFS= read -r -d '' x <<-'END' || :\n\tit's $x\n\tEND\nshow ", "\n"], expect: (value) => [value] },
];

test("whatever is in a value, and wherever it stands, bash gets it as it is", { skip: peer("bash") }, () => {
  const line = fc.tuple(fc.constantFrom(...places), hostile);
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
      const parts = [""];
      for (const [{ text }] of lines) {
        parts.push((parts.pop() ?? "") + text[0]);
        parts.push(text[1]);
      }
      const expected = lines.flatMap(([{ expect }, value]) => expect(value));
      assert.deepEqual(
        shown(
          parts,
          lines.map(([, value]) => value),
        ),
        expected,
      );
    }),
    { numRuns: inputs(400) },
  );
});

test("a list becomes as many words, none when it is empty", { skip: peer("bash") }, () => {
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 5 }), hostile, (list, last) => {
      assert.deepEqual(shown(["show ", " end ", "\n"], [list, last]), [...list, "end", last]);
    }),
    { numRuns: inputs(100) },
  );
});

test("a number may stand in arithmetic, too", { skip: peer("bash") }, () => {
  assert.deepEqual(shown(["show $((7-", ")) ${x:-", "}\n"], [-2, 5]), ["9", "(5)"]);
});

test("set -euo pipefail means what it says", { skip: peer("bash") }, () => {
  const run = (text: string) => {
    const { status, stdout, stderr } = spawnSync("bash", wordsOf(sh(template([text]))), {
      encoding: "utf8",
      env: {},
    });
    return { status, stdout, stderr };
  };
  assert.equal(run("false | true; echo on").status, 1, "a program in the middle");
  assert.equal(run("x=$(false; echo on); echo $x").status, 1, "a program in $(...)");
  assert.match(run("echo $nothing").stderr, /nothing: unbound variable/);
  assert.match(run("\n\nfalse").stderr, /line 3 ended with 1: false/);
  assert.match(
    run("\nnone-such | true").stderr,
    /none-such: not on the PATH of this script: give it with path: \[tool\("none-such"\)\]/,
  );
  assert.equal(run("if false; then :; fi; echo on").stdout, "on\n");
});

const refused: [name: string, parts: string[], says: RegExp][] = [
  ["single quotes", ["echo '", "'"], /single quotes/],
  ["quotes in $'...'", ["echo $'", "'"], /\$'\.\.\.'/],
  ["behind a backslash", ["echo \\", ""], /backslash/],
  ["behind a $", ["echo $", ""], /behind a \$/],
  ["behind a $ in quotes", ['echo "$', '"'], /behind a \$/],
  ["arithmetic", ["echo $((1+", "))"], /arithmetic/],
  ["arithmetic of a command", ["((x = ", ")); echo"], /arithmetic/],
  ["an expansion", ["echo \\${x:-", "}"], /\$\{\.\.\.\}/],
  ["an expansion in quotes", ['echo "\\${x[', ']}"'], /\$\{\.\.\.\}/],
  ["backticks", ["echo \\`", "\\`"], /backticks/],
  ["a here-document that is taken as it is", ["cat <<'EOF'\n", "\nEOF\n"], /here-document/],
  ["the end of a here-document", ["cat <<", "\nx\n"], /here-document/],
];
for (const [name, parts, says] of refused) {
  test(`a value is refused in ${name}: SHELL_VALUE_MISPLACED, with what and where`, () => {
    assert.throws(
      () => sh(template(parts), "x"),
      (error) =>
        isPipeliteError(error, "SHELL_VALUE_MISPLACED") &&
        says.test(error.message) &&
        /value 1/.test(error.message),
    );
  });
}

test("a list is refused in quotes", () => {
  assert.throws(
    () => sh(template(['echo "', '"']), ["a", "b"]),
    (error) => isPipeliteError(error, "SHELL_VALUE_MISPLACED") && /list/.test(error.message),
  );
});

test("a script that is not finished is refused: SHELL_UNFINISHED", () => {
  for (const [text, within] of [
    ['echo "x', /double quotes/],
    ["echo 'x", /single quotes/],
    ["echo $(ls", /a \( without/],
    ["cat <<EOF\nx\n", /here-document/],
    ["echo \\${x", /\$\{/],
    ["case x in x) echo", /case/],
  ] as const)
    assert.throws(
      () => sh(template([text])),
      (error) => isPipeliteError(error, "SHELL_UNFINISHED") && within.test(error.message),
    );
});

test("the text is the shell's as it is written; only what a template escapes is not", () => {
  const jq = tool("jq");
  const words = wordsOf(sh`printf '%s\n' "\${x:-1}" \`date\` | ${jq} > ${out}`);
  const script = words[words.indexOf("-c") + 1] ?? "";
  assert.ok(
    script.endsWith(
      String.raw`printf '%s\n' "${"${x:-1}"}" ${"`date`"} | "${"${pipelite[0]}"}" > "${"${pipelite[1]}"}"`,
    ),
    script,
  );
  const handle = handleOf(sh`a ${jq} b`);
  assert.ok(handle.kind === "command");
  assert.deepEqual(handle.script, ["a ", jq, " b"]);
});

test("what is no template, and a shell that is not a tool, are refused: SHELL_NOT_A_TEMPLATE", () => {
  for (const wrong of [() => sh("ls" as never), () => sh({ shell: "zsh" as never })`ls`])
    assert.throws(wrong, (error) => isPipeliteError(error, "SHELL_NOT_A_TEMPLATE"));
});

test("words of a command are what can be one", () => {
  for (const word of [undefined, null, NaN, {}, [], "\0", true])
    assert.throws(
      () => command(tool("ls"), [word as never]),
      (error) => isPipeliteError(error, "COMMAND_WORD_INVALID") && /word 1/.test(error.message),
    );
});

test("a tool has a name that is a text, and the error says what was given", () => {
  for (const [wrong, shown] of [
    [undefined, "undefined"],
    [7, "7"],
    ["", '""'],
    [{}, "an object"],
  ] as const)
    assert.throws(
      () => tool(wrong as never),
      (error) => isPipeliteError(error, "TEXT_WANTED") && error.message.includes(shown),
    );
});
