// socket.io 0.9.19, 0.8.7 or 0.7.11 with an application that does whatever a test asks for.
// The last two run on Node 0.10, so this is written in the JavaScript of its time.
'use strict';
var common = require('./listen');
var chat = require('./chat');
var settings = common.settings;
var server = common.create();
// Without a listener, a client that resets its connection ends a server of 0.9 on a Node of today.
server.on('connection', function (socket) { socket.on('error', function () {}); });
var folder = 'socket.io-' + (settings.version || '0.9.19').replace(/\.\d+$/, '');

// 0.7 does not survive log: false, and what it logs would fill a pipe that nobody reads.
var options = { 'log level': -1 };
for (var name in settings.socketio) options[name] = settings.socketio[name];
var io = require(folder).listen(server, options);

if (settings.authorize) {
  io.set('authorization', function (data, accept) {
    if (data.query.token === 'error') return accept('not today');
    accept(null, data.query.token !== 'bad');
  });
}

// What each session was, and why it ended; the loops of tests/faults read that.
var ends = [];
io.sockets.on('connection', function (socket) {
  socket.on('disconnect', function (reason) { ends.push(String(reason)); });
});

function list(values) { return Array.prototype.slice.call(values); }

var books = {};

function serve(socket) {
  var notes = [];
  function emit(name, args) { socket.emit.apply(socket, [name].concat(args)); }
  // The libraries look at how many parameters a callback has: none asks plainly (5:1::), one or more for data (5:1+::).
  function told() { socket.emit('answer', list(arguments)); }
  function toldData(first) { socket.emit('answer', list(arguments)); }
  function whenHeard(action) {
    var transport = io.transports[socket.id];
    if (transport && transport.open) action();
    else if (!socket.disconnected) setTimeout(whenHeard, 5, action);
  }

  chat.sent('hello');
  socket.emit('hello', { a: 1 });
  socket.on('echo', function () {
    chat.heard('echo');
    var args = list(arguments);
    var answer = args[args.length - 1];
    if (typeof answer === 'function') answer.apply(null, args.slice(0, -1));
    else emit('echoed', args);
  });
  socket.on('message', function (data, answer) {
    chat.heard('message');
    if (answer) answer('got', data);
    else if (typeof data === 'string') socket.send('re:' + data);
    else socket.json.send({ re: data });
  });
  socket.on('note', function (value) { notes.push(value); });
  socket.on('notes', function (answer) { answer(notes); });
  // What is kept outlives the session, by the name of a book.
  socket.on('keep', function (book, value, answer) {
    (books[book] = books[book] || []).push(value);
    if (answer) answer(books[book].length);
  });
  socket.on('kept', function (book, answer) { answer(books[book] || []); });
  socket.on('do emit', function (name) { emit(name, list(arguments).slice(1)); });
  socket.on('do ask', function (name) { emit(name, list(arguments).slice(1).concat(told)); });
  socket.on('do ask for data', function (name) { emit(name, list(arguments).slice(1).concat(toldData)); });
  socket.on('do ask message', function (data) {
    socket.acks[88] = told;
    socket.packet({ type: 'message', id: 88, ack: 'data', data: data });
  });
  socket.on('do ask plainly', function () { socket.packet({ type: 'message', id: 77, ack: true, data: 'plain' }); });
  socket.on('do burst', function (name, count) { for (var i = 0; i < count; i++) socket.emit(name, i); });
  socket.on('do send big', function (size) { socket.emit('big', new Array(size + 1).join('x')); });
  socket.on('do write', function (frame) { io.transports[socket.id].write(frame); });
  // Between two polls these libraries do not say that they kick: the next poll only finds no session.
  socket.on('do kick', function () { whenHeard(function () { socket.disconnect(); }); });
  socket.on('do cut', function () { whenHeard(function () { io.transports[socket.id].socket.destroy(); }); });
  socket.on(5, function () { emit('5', list(arguments)); });
  socket.on('take', function (number, text, answer) { answer(number); });
  socket.on('ends', function (answer) { answer(ends); });
  // What 0.9.17 and later count of a websocket's bytes; null where there is no such count.
  socket.on('counted', function (answer) {
    var parser = io.transports[socket.id].parser;
    answer(parser && parser._dataLength !== undefined ? parser._dataLength : null);
  });
  socket.on('sum', function (a, b, answer) { chat.heard('sum'); answer(a + b); });
  socket.on('subscribe', function (topic) {
    chat.heard('subscribe');
    chat.sent('news');
    socket.emit('news', topic, { title: 'Sun' });
  });
  socket.on('introduce yourself', function (to, answer) {
    socket.emit('what is your name', function () { answer.apply(null, arguments); });
  });
  socket.on('never answered', function (answer) {});
  socket.on('do nothing', function (answer) {});
  socket.on('handshake', function (answer) {
    answer({ headers: socket.handshake.headers, query: socket.handshake.query });
  });
  socket.on('sessions', function (answer) { answer(Object.keys(io.connected).length); });
}

io.sockets.on('connection', function (socket) { chat.serve(io, socket); serve(socket); });
io.of('/chat').on('connection', serve);
io.of('/a space+é').on('connection', serve);
io.of('/refused').authorization(function (data, accept) { accept(null, false); }).on('connection', serve);
io.of('/broken').authorization(function (data, accept) { accept('not today'); }).on('connection', serve);
// 0.9.19 exports the version 0.9.16.
common.listen(server, 'socket.io ' + require(folder + '/package.json').version + ', Node ' + process.version);
