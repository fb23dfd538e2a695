// Programs as stages: a script of the shell, a program between two files, and a script that lies beside this file.
import { command, out, param, pipeline, sh, source, tool } from "pipelite";

const log = source("data/access.log");
const sort = tool("sort");
const top = param.integer({ default: 3, min: 1, name: "top" });

// Values are words, whatever is in them; a program that fails anywhere in the pipe fails the stage.
const pages = sh`${tool("cut")} -d ' ' -f 7 ${log} | ${sort} | ${tool("uniq")} -c | ${sort} -rn > ${out}`;

const best = command(tool("head"), ["-n", top], { stdin: pages, stdout: "best.txt" });

// Its first line says who reads it; what it calls is on its PATH, and nothing else is.
const report = command(source("report.sh"), [best.file("best.txt"), out("report.md")], {
  path: [tool("wc")],
});

export default pipeline({ pages, best, report });
