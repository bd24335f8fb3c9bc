// The real socket.io-client 0.9.17 and 4.x behind a proxy: each says its session id, as it and as the server has it.
'use strict';
const { port } = JSON.parse(process.argv[2]);
const old = require('socket.io-client-0.9');
const { io } = require('socket.io-client-4');
const url = `http://127.0.0.1:${port}`;
const CALLS = 5;

const clients = [];
function add(name, socket, id) { clients.push({ name, socket, id, told: [], heard: 0 }); }

for (const transport of ['websocket', 'xhr-polling']) {
  const socket = old.connect(url, { 'force new connection': true, reconnect: false, transports: [transport] });
  add(`0.9 ${transport}`, socket, () => socket.socket.sessionid);
}
for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
  const socket = io(url, { forceNew: true, reconnection: false, transports });
  add(`4 ${transports}`, socket, () => socket.io.engine.id);
}

// Each asks the server several times, one after the other: a request that reaches the wrong process ends the session.
function ask(client) {
  client.socket.emit('mine', (id) => {
    client.told.push(id);
    if (client.told.length < CALLS) ask(client);
    else if (clients.every(({ told }) => told.length === CALLS)) clients[0].socket.emit('say', 7);
  });
}
for (const client of clients) {
  client.socket.on('connect', () => ask(client));
  client.socket.on('disconnect', (reason) => { console.error(client.name, reason); process.exit(1); });
  client.socket.on('said', () => { client.heard += 1; if (clients.every(({ heard }) => heard)) end(); });
}
function end() {
  for (const { name, id, told } of clients) console.log(JSON.stringify([name, id(), [...new Set(told)]]));
  process.exit(0);
}
