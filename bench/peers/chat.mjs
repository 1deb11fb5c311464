// socket.io beside ours: as many idle sockets as are opened, and one change told to all of them (`emit`). Set up as its
// manual recommends for many connections: the first HTTP request of each is forgotten.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });
io.engine.on("connection", (socket) => {
  socket.request = null;
});
await new Promise((listening) => http.listen(0, "127.0.0.1", listening));
console.log(JSON.stringify({ port: http.address().port }));

// The event `unanswered` with the fields that ours has (docs/sockets.md), so that both tell as much.
const talk = {
  id: "01a21d67e7a873658d4a183d6cd2d4c5",
  conversationType: "COUNSELING_SESSION",
  visitor: "01a21d67e7a873658d4a183d6cd2d4c6",
  wanted: "01a20a491c66707d97ad4f36d1edede2",
  counselor: "01a20a491c66707d97ad4f36d1edede2",
  consultation: null,
  status: "IN_PROGRESS",
  priority: "NORMAL",
  common: false,
  createdTime: 1795000000000,
  startTime: 1795000000000,
};
const change = () => ({
  type: "event",
  seq: 4242,
  time: Date.now(),
  event: "unanswered",
  conversation: talk.id,
  talk,
  counselor: talk.counselor,
  afterSeconds: 120,
});

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "emit") io.emit("change", change());
  if (line === "collect") globalThis.gc();
  console.log(JSON.stringify({ sockets: io.engine.clientsCount }));
}
