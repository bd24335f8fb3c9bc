// socket.io 1.7.4, 2.5.1, 3.1.2 or 4.8.1 with the application of legacy.js, as far as these can.
'use strict';
const fs = require('fs');
const { settings, create, listen } = require('./listen');
const chat = require('./chat');
const server = create();
const folder = 'socket.io-' + (settings.version || '4.8.1').replace(/\..*$/, '');

function allowRequest(request, accept) {
  const token = new URL(request.url, 'http://localhost').searchParams.get('token');
  // A text refuses with status 403 and says why.
  if (token === 'bad' || token === 'error') return accept('not today', false);
  accept(null, true);
}

const options = { ...settings.socketio };
// The parser of 2.x writes joins and ends as JSON, that of 3.x and 4.x everything as msgpack.
if (settings.parser === 'msgpack') options.parser = require('socket.io-msgpack-parser-' + (folder < 'socket.io-3' ? 2 : 3));
if (settings.authorize) options.allowRequest = allowRequest;
const io = require(folder)(server, options);

const books = {};

function serve(socket) {
  const notes = [];
  const told = (...args) => socket.emit('answer', args);
  // A poll must be open before this kicks or cuts, or the client would only find that there is no session.
  function whenHeard(action) {
    if (socket.conn.transport.writable) action(socket.conn.transport);
    else if (socket.connected) setTimeout(whenHeard, 5, action);
  }

  chat.sent('hello');
  socket.emit('hello', { a: 1 });
  socket.on('echo', (...args) => {
    chat.heard('echo');
    const answer = args[args.length - 1];
    if (typeof answer === 'function') answer(...args.slice(0, -1));
    else socket.emit('echoed', ...args);
  });
  socket.on('message', (data, answer) => {
    chat.heard('message');
    if (answer) answer('got', data);
    else socket.send(typeof data === 'string' ? 're:' + data : { re: data });
  });
  socket.on('watch', (answer) => { socket.join('watchers'); answer(); });
  socket.on('tell', (value) => io.to('watchers').emit('told', value));
  socket.on('note', (value) => notes.push(value));
  socket.on('notes', (answer) => answer(notes));
  // What is kept outlives the session, by the name of a book.
  socket.on('keep', (book, value, answer) => {
    (books[book] = books[book] || []).push(value);
    if (answer) answer(books[book].length);
  });
  socket.on('kept', (book, answer) => answer(books[book] || []));
  socket.on('do emit', (name, ...args) => socket.emit(name, ...args));
  // Sent when the client is away: the server itself notices that first.
  socket.on('do emit later', (name, ...args) => socket.conn.once('close', () => socket.emit(name, ...args)));
  socket.on('do ask', (name, ...args) => socket.emit(name, ...args, told));
  socket.on('do ask for data', (name, ...args) => socket.emit(name, ...args, told));
  socket.on('do ask message', (data) => socket.emit('message', data, told));
  socket.on('do burst', (name, count) => { for (let i = 0; i < count; i++) socket.emit(name, i); });
  socket.on('do send big', (size) => socket.emit('big', 'x'.repeat(size)));
  socket.on('do send bytes', (name, size) => socket.emit(name, { deep: [Buffer.alloc(size, 7)] }, Buffer.from([0, 255])));
  socket.on('do write', (text) => socket.conn.write(text));
  socket.on('do kick', () => whenHeard(() => socket.disconnect()));
  socket.on('do close', () => whenHeard(() => socket.conn.close()));
  socket.on('do cut', () => whenHeard((transport) => {
    (transport.name === 'websocket' ? transport.socket._socket : transport.req.socket).destroy();
  }));
  socket.on(5, (...args) => socket.emit(5, ...args));
  socket.on('sum', (a, b, answer) => { chat.heard('sum'); answer(a + b); });
  socket.on('subscribe', (topic) => {
    chat.heard('subscribe');
    chat.sent('news');
    socket.emit('news', topic, { title: 'Sun' });
  });
  socket.on('introduce yourself', (to, answer) => socket.emit('what is your name', (...args) => answer(...args)));
  socket.on('never answered', (answer) => {});
  socket.on('do nothing', (answer) => {});
  socket.on('handshake', (answer) => {
    const { headers, query, auth } = socket.handshake;
    answer({ headers, query, auth: auth || null });
  });
  socket.on('session', (answer) => {
    answer({ id: socket.id, recovered: socket.recovered || false, transport: socket.conn.transport.name });
  });
  socket.on('sessions', (answer) => answer(io.engine.clientsCount));
}

if (settings.guard) {
  io.use((socket, next) => {
    const auth = socket.handshake.auth || {};
    if (auth.token === 'good') return next();
    next(Object.assign(new Error('not authorized'), { data: { why: 'token' } }));
  });
}
if (settings.slow) io.use((socket, next) => setTimeout(next, settings.slow));
io.on('connection', (socket) => chat.serve(io, socket));
for (const name of ['/', '/chat', '/a space+é']) io.of(name).on('connection', serve);
io.of('/refused').use((socket, next) => next(new Error('not today'))).on('connection', serve);
io.of('/slow').use((socket, next) => setTimeout(next, 300)).on('connection', serve);
io.of('/broken').use((socket, next) => next(Object.assign(new Error('broken'), { data: [1] }))).on('connection', serve);
// Later ones do not let their package.json be required.
const { version } = JSON.parse(fs.readFileSync(__dirname + '/node_modules/' + folder + '/package.json'));
listen(server, 'socket.io ' + version + ', Node ' + process.version);
