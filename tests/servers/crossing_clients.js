// The real socket.io-client 0.9.17 and 4.x on two nodes: one line of JSON for each, with what it heard and how it ended.
'use strict';
const { here, there } = JSON.parse(process.argv[2]);
const old = require('socket.io-client-0.9');
const { io } = require('socket.io-client-4');

const clients = {};
let isKicking = false;

function add(name, socket) {
  const client = clients[name] = { socket, id: null, heard: [], reason: null };
  for (const event of ['said', 'message']) {
    socket.on(event, (...args) => { client.heard.push([event, ...args]); proceed(); });
  }
  socket.on('connect', () => socket.emit('mine', (id) => { client.id = id; proceed(); }));
  socket.on('disconnect', (reason) => {
    if (!isKicking) fail(`${name} was disconnected: ${reason}`);
    client.reason = reason;
    proceed();
  });
}

function addOld(name, url, transport) {
  add(name, old.connect(url, { 'force new connection': true, reconnect: false, transports: [transport] }));
}

function addNew(name, url, transport) {
  add(name, io(url, { forceNew: true, reconnection: false, transports: [transport] }));
  clients[name].socket.on('connect_error', (error) => fail(`${name} could not connect: ${error}`));
}

function fail(text) {
  console.error(text);
  process.exit(1);
}

addOld('old here', here, 'websocket');
addNew('new here', here, 'polling');
addOld('old there', there, 'xhr-polling');
addNew('new there', there, 'websocket');

const heard = (text, ...names) => names.every((name) => clients[name].heard.some(([, value]) => value === text));
const emit = (name, ...args) => clients[name].socket.emit(...args);

// Each step is a condition, and what is done once it holds. The last event of each tells that those before it were heard.
const steps = [
  [() => Object.values(clients).every(({ id }) => id), () => {
    emit('new here', 'say', 'ünï 😀', { a: [1, null] });
    emit('new here', 'say', 'bytes', Buffer.from([0, 1, 255]), { deep: [Buffer.from('ü')] });
    emit('new here', 'say', 'after the bytes');
  }],
  [() => heard('after the bytes', 'old here', 'old there', 'new there'), () => {
    emit('old there', 'tell', 'a text');
    emit('old there', 'tell', { a: ['ü', 1.5] });
    emit('old there', 'tell', 'after the text');
  }],
  [() => heard('after the text', 'old here', 'new here', 'new there'), () => {
    isKicking = true;
    emit('new here', 'kick', clients['old there'].id);
    emit('old here', 'kick', clients['new there'].id);
  }],
  [() => clients['old there'].reason && clients['new there'].reason, () => emit('old here', 'say', 'the end')],
  [() => heard('the end', 'new here'), () => {
    for (const [name, { id, heard: all, reason }] of Object.entries(clients)) {
      console.log(JSON.stringify([name, id.split('.')[0], all, reason]));
    }
    process.exit(0);
  }],
];

function proceed() {
  while (steps.length && steps[0][0]()) steps.shift()[1]();
}
