// The real socket.io-client 0.9.17: says what it sees on our server, one line of JSON for each thing.
'use strict';
const fs = require('fs');
const vm = require('vm');
const { makePage } = require('./page');

const { port, transport } = JSON.parse(process.argv[2]);
const io = require('socket.io-client-0.9');
const url = `http://127.0.0.1:${port}`;
const options = { 'force new connection': true, 'reconnection delay': 50 };

function say(...what) { console.log(JSON.stringify(what)); }

// jsonp-polling needs a page.
function makeOldPage() {
  makePage();
  globalThis.io = io;
  const file = require.resolve('socket.io-client-0.9/lib/transports/jsonp-polling.js');
  vm.runInThisContext(fs.readFileSync(file, 'utf8'), file);
}

if (transport === 'jsonp-polling') makeOldPage();
io.transports = [transport];

const main = io.connect(url + '?token=good', options);
let steps;

main.on('connect', () => say('connect', main.socket.transport.name));
main.on('disconnect', (reason) => say('disconnect', reason));
main.on('reconnect', () => say('reconnect'));
main.on('hello', (value) => { say('hello', value); next(); });
main.on('message', (message) => { say('message', message); next(); });
main.on('echoed', (...args) => { say('echoed', ...args); next(); });
main.on('answer', (args) => { say('answer', args); next(); });
main.on('please', (a, b, reply) => reply(b, a, 'ü\u2028\ufffd😀'));
main.on('n', (number) => { say('n', number); if (number === 199) next(); });
process.on('exit', () => say('end', steps.length));

// Each is done when what it asks for has come back.
steps = [
  () => main.emit('echo', 1, 'ünï : + \u2028 \ufffd 😀', { a: [null, true] }),
  () => main.send('text: ünï 😀'),
  () => main.json.send({ a: ['ü', 1.5] }),
  () => main.emit('sum', 2, 3, (sum) => { say('sum', sum); next(); }),
  () => main.send('asking', (...args) => say('acknowledged', ...args)),
  () => main.emit('do ask for data', 'please', 'x', 'y'),
  () => main.emit('do burst', 'n', 200),
  () => {
    const chat = main.socket.of('/chat');
    chat.on('connect', () => say('chat connect'));
    chat.on('hello', (value) => { say('chat hello', value); chat.emit('echo', 'on chat', (text) => { say(text); next(); }); });
    chat.on('disconnect', (reason) => say('chat disconnect', reason));
  },
  () => {
    const refused = main.socket.of('/refused');
    refused.on('connect_failed', (reason) => { say('refused', reason); next(); });
  },
  () => {
    const other = io.connect(url + '?token=bad', options);
    other.on('error', (reason) => { say('bad token', reason); next(); });
  },
  () => {
    // What is emitted while the connection is away waits for it to come back.
    main.once('disconnect', () => { main.emit('echo', 'buffered'); main.emit('sum', 4, 5, (sum) => say('sum', sum)); });
    main.emit('do cut');
  },
  () => {},  // hello again
  () => {},  // and then what was buffered
  () => main.emit('do kick'),
];
main.socket.on('disconnect', (reason) => { if (reason === 'booted') setTimeout(() => process.exit(0), 100); });
function next() {
  const step = steps.shift();
  if (step) step();
}
