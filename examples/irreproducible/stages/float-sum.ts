// Parts of a sum are added as they come, and the sum of floating point numbers depends on the order.
import { Worker } from "node:worker_threads";

const WORKER = `
const { parentPort, workerData: id } = require("node:worker_threads");
for (let term = 1; term <= 200; term += 1) parentPort.postMessage(1 / (id * 1000 + term * 7.3));
`;

export default async function floatSum() {
  let sum = 0;
  const workers = Array.from({ length: 6 }, (_, id) => new Worker(WORKER, { eval: true, workerData: id }));
  for (const worker of workers) worker.on("message", (part: number) => (sum += part));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on("exit", resolve))));
  return { "sum.txt": `${sum}\n` };
}
