// The real socket.io-client 0.7.11 or 0.8.7, on the Node of its time: says what it sees on our server, as old_client.js.
'use strict';
var settings = JSON.parse(process.argv[2]);
var io = require('socket.io-' + settings.version.replace(/\.\d+$/, '') + '/node_modules/socket.io-client');
var url = 'http://127.0.0.1:' + settings.port;
var options = { 'force new connection': true, 'reconnection delay': 50, transports: [settings.transport, 'xhr-polling'] };

function say() { console.log(JSON.stringify([].slice.call(arguments))); }

var main = io.connect(url + '?token=good', options);
var steps;

main.on('connect', function () { say('connect', main.socket.transport.name); });
main.on('hello', function (value) { say('hello', value); next(); });
main.on('message', function (message) { say('message', message); next(); });
main.on('echoed', function () { say.apply(null, ['echoed'].concat([].slice.call(arguments))); next(); });
main.on('answer', function (args) { say('answer', args); next(); });
main.on('please', function (a, b, reply) { reply(b, a, 'ü'); });
main.on('n', function (number) { if (number === 199) { say('n'); next(); } });

// Each is done when what it asks for has come back.
steps = [
  function () { main.emit('echo', 1, 'ünï : +', { a: [null, true] }); },
  function () { main.send('text: ünï'); },
  function () { main.json.send({ a: ['ü', 1.5] }); },
  function () { main.emit('sum', 2, 3, function (sum) { say('sum', sum); next(); }); },
  function () { main.emit('do ask for data', 'please', 'x', 'y'); },
  function () { main.emit('do burst', 'n', 200); },
  function () {
    var chat = main.socket.of('/chat');
    chat.on('hello', function (value) {
      say('chat hello', value);
      chat.emit('echo', 'on chat', function (text) { say(text); next(); });
    });
  },
  function () {
    var other = io.connect(url + '?token=bad', options);
    other.on('error', function () {});  // 0.7.11 ends the process if nobody hears it
    other.socket.on('error', function (reason) { say('bad token', reason); next(); });
  },
  function () { main.emit('do kick'); }
];
main.socket.on('disconnect', function (reason) {
  say('disconnect', reason);
  setTimeout(function () { process.exit(0); }, 100);
});
function next() {
  var step = steps.shift();
  if (step) step();
}
