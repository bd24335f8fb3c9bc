// A program: socket.io 0.9.19 or 4.8.1, as the tests install them, with the application of bench.server.
'use strict';
const { settings, create, listen } = require('../../tests/servers/listen');
const library = require('../../tests/servers/node_modules/' + settings.folder);
const server = create();
const isOld = settings.folder === 'socket.io-0.9';
// Without a listener, a client that resets its connection ends a server of 0.9 on a Node of today.
if (isOld) server.on('connection', (socket) => socket.on('error', () => {}));

const io = isOld
  ? library.listen(server, { 'log level': -1, 'heartbeat interval': 300, 'heartbeat timeout': 300 })
  : new library.Server(server, { pingInterval: 300000, pingTimeout: 300000 });
const all = isOld ? io.sockets : io;

all.on('connection', (socket) => {
  socket.on('echo', (text, answer) => answer(text));
  socket.on('shout', (text) => all.emit('news', text));
});
listen(server, settings.folder);
