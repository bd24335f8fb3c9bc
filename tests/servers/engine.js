// engine.io 3 or 6 alone, with an application that does whatever a test asks for.
'use strict';
const fs = require('fs');
const { settings, create, listen } = require('./listen');
const server = create();
const folder = 'engine.io-' + (settings.version || '6');
const engine = require(folder).attach(server, settings.engineio);

// A poll must be open before it is cut.
function cut(socket) {
  const transport = socket.transport;
  if (!transport.writable) return setTimeout(cut, 5, socket);
  (transport.name === 'websocket' ? transport.socket._socket : transport.req.socket).destroy();
}

engine.on('connection', (socket) => {
  socket.send('hello');
  socket.on('message', (data) => {
    if (data === 'close') socket.close();
    else if (data === 'transport') socket.send(socket.transport.name);
    else if (data === 'sessions') socket.send(String(engine.clientsCount));
    else if (data === 'cut') cut(socket);
    else socket.send(data);
  });
});
const { version } = JSON.parse(fs.readFileSync(__dirname + '/node_modules/' + folder + '/package.json'));
listen(server, 'engine.io ' + version + ', Node ' + process.version);
