// A real socket.io, 0.9.19 or 4.8.1 as the tests install them, with the application of flood.c, and floods of bytes.
'use strict';
const { settings, create, listen } = require('../tests/servers/listen');
const library = require('../tests/servers/node_modules/' + settings.folder);
const server = create();

function serve(socket) {
  let left = 0;
  function flood(count, data) {
    for (let i = 0; i < count; i++) socket.emit('news', data);
    socket.emit('done');
  }
  socket.on('flood', (count, size) => flood(count, 'x'.repeat(Math.max(size - 32, 1))));
  socket.on('flood of bytes', (count, size) => flood(count, Buffer.alloc(size, 7)));
  socket.on('sink', (count) => { left = count; });
  socket.on('note', () => { if (--left === 0) socket.emit('done'); });
  socket.on('question', (answer) => answer('ok'));
  socket.emit('hello');
}

if (settings.folder === 'socket.io-0.9') library.listen(server, { 'log level': -1 }).sockets.on('connection', serve);
else new library.Server(server, { pingInterval: 300000, maxHttpBufferSize: 1e8 }).on('connection', serve);
listen(server, settings.folder);
