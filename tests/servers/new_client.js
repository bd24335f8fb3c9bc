// The real socket.io-client 1.x, 2.x, 3.x or 4.x: says what it sees on our server, one line of JSON for each thing.
'use strict';
const { port, generation, transports, jsonp } = JSON.parse(process.argv[2]);
if (jsonp) require('./page').makePage();
const io = require('socket.io-client-' + generation);
const url = `http://127.0.0.1:${port}`;
const options = { transports, forceNew: true, forceJSONP: jsonp, reconnectionDelay: 50, auth: { token: 'mine' } };

function say(...what) {
  const plain = (key, value) => (value && value.type === 'Buffer' ? { bytes: value.data } : value);
  console.log(JSON.stringify(what, plain));
}

const main = io(url + '?token=good', options);
let steps;

main.on('connect', () => say('connect'));
main.on('disconnect', (reason) => say('disconnect', reason));
main.on('hello', (value) => { say('hello', value); next(); });
main.on('message', (message) => { say('message', message); next(); });
main.on('echoed', (...args) => { say('echoed', ...args); next(); });
main.on('answer', (args) => { say('answer', args); next(); });
main.on('big', (text) => { say('big', text.length); next(); });
main.on('please', (a, b, reply) => reply(b, a, 'ü\u2028\ufffd😀', Buffer.from([1, 255])));
main.on('n', (number) => { say('n', number); if (number === 199) next(); });
process.on('exit', () => say('end', steps.length));

// 1.x and 2.x call it error, later ones connect_error; what the application says is the error, or its data.
function onRefused(socket, what) {
  const told = (error) => { say(what, error.data || error.message || error); next(); };
  socket.once(generation < 3 ? 'error' : 'connect_error', told);
}

// Each is done when what it asks for has come back.
steps = [
  () => { if (transports.length > 1) return main.io.engine.transport.name === 'websocket' ? next() : main.io.engine.once('upgrade', next); return next(); },
  () => { say(main.io.engine.transport.name); next(); },
  () => main.emit('echo', 1, 'ünï : + \u2028 \ufffd 😀 \\n \n', { a: [null, true] }),
  () => main.emit('echo', Buffer.from([0, 1, 255]), { deep: [Buffer.from('ü')] }, Buffer.alloc(0)),
  () => main.send('text: ünï 😀'),
  () => main.emit('sum', 2, 3, (sum) => { say('sum', sum); next(); }),
  () => main.emit('echo', Buffer.from([7]), (bytes) => { say('sum', bytes); next(); }),
  () => main.emit('do ask for data', 'please', 'x', Buffer.from([9])),
  () => main.emit('do burst', 'n', 200),
  () => main.emit('do send big', 200000),
  () => main.emit('handshake', (seen) => { say(seen.query.token, seen.auth); next(); }),
  () => {
    const chat = main.io.socket('/chat');
    chat.on('hello', (value) => { say('chat', value); chat.emit('echo', 'on chat', (text) => { say('chat', text); next(); }); });
    chat.on('disconnect', (reason) => say('chat', reason));
    chat.open();
  },
  () => { const refused = main.io.socket('/broken'); onRefused(refused, 'broken'); refused.open(); },
  () => { const unknown = main.io.socket('/unknown'); onRefused(unknown, 'unknown'); unknown.open(); },
  () => {
    const other = io(url + '?token=bad', { ...options, reconnection: false });
    other.on('connect_error', () => { say('bad token'); next(); });
  },
  () => {
    // What is emitted while the connection is away waits for it to come back.
    main.once('disconnect', () => { main.emit('echo', 'buffered'); main.emit('sum', 4, 5, (sum) => say('sum', sum)); });
    main.emit('do cut');
  },
  () => {},  // hello again
  () => {},  // the chat, too
  () => setTimeout(next, 100),
  () => main.emit('do kick'),
];
main.on('disconnect', (reason) => { if (reason === 'io server disconnect') setTimeout(() => process.exit(0), 100); });
function next() {
  const step = steps.shift();
  if (step) step();
}
