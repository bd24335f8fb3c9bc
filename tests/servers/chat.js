// The chat that chatbot.py speaks, on any socket.io; Node 0.10 runs this too, so it is written in its JavaScript.
'use strict';
var nicknames = {};

exports.serve = function (io, socket) {
  var name = null;
  socket.on('nickname', function (wanted, answer) {
    var taken = Object.prototype.hasOwnProperty.call(nicknames, wanted);
    if (!taken) {
      name = wanted;
      nicknames[name] = name;
      socket.broadcast.emit('announcement', name + ' connected');
      io.sockets.emit('nicknames', nicknames);
    }
    if (answer) answer(taken);
  });
  socket.on('user message', function (text) { socket.broadcast.emit('msg to room', name, text); });
  socket.on('disconnect', function () {
    if (name === null) return;
    delete nicknames[name];
    socket.broadcast.emit('announcement', name + ' disconnected');
    socket.broadcast.emit('nicknames', nicknames);
  });
};
