// graphile-worker beside ours: fifty jobs run until they are told to end, WAITING more stand in line. `sample N` ends one
// at a time and measures until the next begins. Usage: node worker.mjs DATABASE_URL WAITING
import { createInterface } from "node:readline";
import { Logger, makeWorkerUtils, run } from "graphile-worker";

const RUNNING = 50;
const [connectionString, waiting] = [process.argv[2], Number(process.argv[3])];

const running = []; // how to end each, oldest first
let begun = () => {};
const taskList = {
  talk: () =>
    new Promise((done) => {
      const at = process.hrtime.bigint();
      running.push(done);
      begun(at);
    }),
};
const until = async (enough) => {
  while (!enough()) await new Promise((soon) => (begun = soon));
};

// Standard output is ours; a line a job would slow it down, too.
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
const runner = await run({ connectionString, logger, concurrency: RUNNING, maxPoolSize: RUNNING, noHandleSignals: true, taskList });
const talk = () => ({ identifier: "talk", payload: {} });
for (let left = RUNNING + waiting; left > 0; left -= 1000) {
  await utils.addJobs(Array.from({ length: Math.min(left, 1000) }, talk));
}
await until(() => running.length >= RUNNING);
console.log(JSON.stringify({ ready: true }));

for await (const line of createInterface({ input: process.stdin })) {
  const samples = Number(line.split(" ")[1]);
  const micros = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const next = new Promise((at) => (begun = at));
    const from = process.hrtime.bigint();
    running.shift()();
    micros.push(Number(((await next) - from) / 1000n));
    await utils.addJob("talk", {});
  }
  console.log(JSON.stringify({ micros }));
}
await runner.stop();
await utils.release();
