// The real socket.io-client 0.9.17: says what it sees on our server, one line of JSON for each thing.
'use strict';
const fs = require('fs');
const http = require('http');
const vm = require('vm');

const { port, transport } = JSON.parse(process.argv[2]);
const io = require('socket.io-client-0.9');
const url = `http://127.0.0.1:${port}`;
const options = { 'force new connection': true, 'reconnection delay': 50 };

function say(...what) { console.log(JSON.stringify(what)); }

// jsonp-polling needs a page: scripts that are fetched and run, and forms that are posted. This is just that much of one.
function makePage() {
  const parent = { insertBefore(script) { script.parentNode = parent; load(script); }, removeChild() {}, appendChild() {} };
  function load(script) {
    http.get(script.src, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data) => { text += data; }).on('end', () => vm.runInThisContext(text));
    }).on('error', () => script.onerror());
  }
  class Form {
    constructor() { this.style = {}; this.children = []; }
    setAttribute() {}
    appendChild(child) { this.children.push(child); }
    removeChild(child) { this.children.splice(this.children.indexOf(child), 1); }
    submit() {
      const [area, iframe] = this.children;
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const request = http.request(this.action, { method: 'POST', headers });
      // A browser shows whatever is answered, and is done then.
      request.on('response', (response) => response.on('end', () => iframe.onload()).resume()).on('error', () => {});
      request.end(new URLSearchParams([[area.name, area.value]]).toString());
    }
  }
  globalThis.io = io;
  globalThis.document = {
    documentElement: { style: {} },
    body: parent,
    createElement(kind) {
      if (kind.startsWith('<')) throw new Error('only old Internet Explorers make elements like this');
      return kind === 'form' ? new Form() : {};
    },
    getElementsByTagName() { return [{ parentNode: parent }]; },
  };
  const file = require.resolve('socket.io-client-0.9/lib/transports/jsonp-polling.js');
  vm.runInThisContext(fs.readFileSync(file, 'utf8'), file);
}

if (transport === 'jsonp-polling') makePage();
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
