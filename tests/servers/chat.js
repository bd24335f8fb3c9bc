// The chat that chatbot.py speaks, on any socket.io; Node 0.10 runs this too, so it is written in its JavaScript.
'use strict';
var nicknames = {};
var members = [];
// How many events of a name the application has heard and sent; Locust's numbers are compared with these.
var counts = exports.counts = { heard: {}, sent: {} };

function count(which, name, number) { counts[which][name] = (counts[which][name] || 0) + (number === undefined ? 1 : number); }
exports.heard = function (name) { count('heard', name); };
exports.sent = function (name) { count('sent', name); };

exports.serve = function (io, socket) {
  var name = null;
  members.push(socket);
  function leave() { members = members.filter(function (member) { return member !== socket; }); }
  // Who asks is no member: what it hears is not counted.
  socket.on('counts', function (answer) { leave(); answer(counts); });
  socket.on('nickname', function (wanted, answer) {
    count('heard', 'nickname');
    var taken = Object.prototype.hasOwnProperty.call(nicknames, wanted);
    if (!taken) {
      name = wanted;
      nicknames[name] = name;
      socket.broadcast.emit('announcement', name + ' connected');
      io.sockets.emit('nicknames', nicknames);
    }
    if (answer) answer(taken);
  });
  socket.on('user message', function (text, answer) {
    count('heard', 'user message');
    count('sent', 'msg to room', members.length - 1);
    socket.broadcast.emit('msg to room', name, text);
    if (answer) answer();
  });
  socket.on('disconnect', function () {
    leave();
    if (name === null) return;
    delete nicknames[name];
    socket.broadcast.emit('announcement', name + ' disconnected');
    socket.broadcast.emit('nicknames', nicknames);
  });
};
