const { io } = require('socket.io-client-4');

const url = `http://localhost:${process.argv[2]}`;
const socket = io(url, { auth: { token: 'good' }, transports: ['websocket'], reconnectionDelay: 500 });
const chat = io(`${url}/chat`, { auth: (cb) => cb({ room: 'lobby' }), transports: ['websocket'] });

socket.on('news', (topic, story) => console.log('news', topic, story.title));
socket.on('what is your name', (reply) => reply('Ada', 'Lovelace'));
socket.once('echoed', (text) => console.log('echoed', text));
socket.on('disconnect', (reason) => console.log('disconnected'));
chat.on('hello', (value) => console.log('chat', JSON.stringify(value)));

socket.on('connect', async () => {
  console.log('connected');
  socket.emit('subscribe', 'weather');
  console.log('sum', await socket.emitWithAck('sum', 1, 2));
  socket.emit('introduce yourself', 'to me', (first, last) => console.log('name', first, last));
  socket.volatile.emit('note', 'soon out of date');
  socket.emit('echo', 'hello');
  try {
    await socket.timeout(300).emitWithAck('never answered');
  } catch (error) {
    console.log('no acknowledgement');
  }
  const bytes = await socket.emitWithAck('echo', { image: Buffer.from('PNG') });
  console.log('bytes', bytes.image.toString());
  console.log('auth', JSON.stringify((await chat.emitWithAck('handshake')).auth));
  chat.disconnect();
  socket.disconnect();
});
