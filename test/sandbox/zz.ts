import { runHere } from "./stage.ts";
for (let i = 0; i < 100; i++) {
  const r = await runHere({ kind: "none", script: "(setsid sleep 4714 >/dev/null 2>&1 </dev/null &) ; sleep 4714 & echo done > $out" });
  const ps = (await import("node:child_process")).spawnSync("sh", ["-c", "ps -eo pid,ppid,stat,args | grep -a 'sleep[ ]4714'"]).stdout.toString();
  if (ps) { console.log(i, ps, JSON.stringify(r)); process.exit(); }
}
