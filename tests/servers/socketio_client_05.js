// socket.io 0.9.19 with the events that the test suite of socketIO-client 0.5 expects; its own server is not in its sdist.
'use strict';
var common = require('./listen');
var server = common.create();
server.on('connection', function (socket) { socket.on('error', function () {}); });
var io = require('socket.io-0.9').listen(server, { 'log level': -1 });
var PAYLOAD = { xxx: 'yyy' };

function echoes(socket) {
  socket.on('emit_with_payload', function (value) { socket.emit('emit_with_payload_response', value); });
  socket.on('ack', function (value) {
    socket.emit('ack_response', value, function (back) { socket.emit('ack_callback_response', back); });
  });
}

io.sockets.on('connection', function (socket) {
  echoes(socket);
  socket.on('message', function (data, reply) {
    if (reply) reply.apply(null, data ? [data] : []);
    else if (typeof data === 'string') socket.send(data || 'message_response');
    else socket.json.send(data);
  });
  socket.on('emit', function () { socket.emit('emit_response'); });
  socket.on('emit_with_multiple_payloads', function (first, second) {
    socket.emit('emit_with_multiple_payloads_response', first, second);
  });
  socket.on('emit_with_callback', function (reply) { reply(); });
  socket.on('emit_with_callback_with_payload', function (reply) { reply(PAYLOAD); });
  socket.on('emit_with_callback_with_multiple_payloads', function (reply) { reply(PAYLOAD, PAYLOAD); });
  socket.on('emit_with_event', function (value) { socket.emit('emit_with_event_response', value); });
  socket.on('wait_with_disconnect', function () { socket.emit('wait_with_disconnect_response'); });
});
io.of('/chat').on('connection', echoes);
io.of('/news').on('connection', echoes);
common.listen(server, 'socket.io 0.9.19, Node ' + process.version);
