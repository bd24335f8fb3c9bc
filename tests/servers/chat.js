// A chat on any socket.io from 0.9 on, with the events that chatbot.py speaks.
'use strict';
const { settings, create, listen } = require('./listen');
const server = create();
const version = settings.version || '0.9.19';
const library = require('socket.io-' + version.replace(version[0] === '0' ? /\.\d+$/ : /\..*$/, ''));
const io = library.listen ? library.listen(server, { log: false, ...settings.socketio }) : library(server, settings.socketio);
const nicknames = {};

io.sockets.on('connection', (socket) => {
  let name = null;
  socket.on('nickname', (wanted, answer) => {
    const taken = Object.prototype.hasOwnProperty.call(nicknames, wanted);
    if (!taken) {
      name = wanted;
      nicknames[name] = name;
      socket.broadcast.emit('announcement', name + ' connected');
      io.sockets.emit('nicknames', nicknames);
    }
    if (answer) answer(taken);
  });
  socket.on('user message', (text) => socket.broadcast.emit('msg to room', name, text));
  socket.on('disconnect', () => {
    if (name === null) return;
    delete nicknames[name];
    socket.broadcast.emit('announcement', name + ' disconnected');
    socket.broadcast.emit('nicknames', nicknames);
  });
});
listen(server);
