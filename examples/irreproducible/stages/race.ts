// Workers append to one list as they come.
import { Worker } from "node:worker_threads";

const WORKER = `
const { parentPort, workerData } = require("node:worker_threads");
for (let line = 0; line < 200; line += 1) parentPort.postMessage(workerData);
`;

export default async function race() {
  const lines: number[] = [];
  const workers = Array.from({ length: 6 }, (_, id) => new Worker(WORKER, { eval: true, workerData: id }));
  for (const worker of workers) worker.on("message", (id: number) => lines.push(id));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on("exit", resolve))));
  return { "log.txt": `${lines.join("\n")}\n` };
}
