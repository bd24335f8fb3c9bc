var io = require('socket.io-client-0.9');

var socket = io.connect('http://localhost:' + process.argv[2] + '?token=x', { 'reconnection delay': 500 });
var chat;

socket.on('connect', function () {
  console.log('connected');
  socket.emit('subscribe', 'weather');
  socket.send('hello');
  socket.json.send({ temperature: 21.5 });
  socket.emit('sum', 1, 2, function (total) {
    console.log('sum', total);
    socket.emit('do ask for data', 'what is your name');
  });
});
socket.on('news', function (topic, story) { console.log('news', topic, story.title); });
socket.on('message', function (data) { console.log('message', JSON.stringify(data)); });
socket.on('what is your name', function (reply) { reply('Ada', 'Lovelace'); });
socket.on('answer', function (name) { console.log('name', name[0], name[1]); join(); });
socket.on('disconnect', function () { console.log('disconnected'); });

function join() {
  chat = socket.socket.of('/chat');
  chat.on('connect', function () { console.log('chat connected'); chat.emit('echo', 'on chat'); });
  chat.on('hello', function (value) { console.log('chat', JSON.stringify(value)); });
  chat.on('echoed', function (text) { console.log('chat', text); socket.disconnect(); });
}
