// A chat on socket.io 0.9.19, with the events that chatbot.py speaks.
'use strict';
const { create, listen } = require('./listen');
const server = create();
const io = require('socket.io-0.9').listen(server, { log: false });
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
