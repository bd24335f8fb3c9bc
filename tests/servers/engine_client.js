// The real engine.io-client 1.x, 3.x, 4.x or 6.x: sends what our server sends back, and says what it hears in JSON.
'use strict';
const { url, path, transports, text } = JSON.parse(process.argv[2]);
const required = require(path);
const client = new (required.Socket || required)(url, { transports, path: '/engine.io/' });
client.binaryType = 'arraybuffer';

function say(...what) { console.log(JSON.stringify(what)); }

client.on('open', () => client.send(text));
client.on('message', (data) => {
  if (typeof data === 'string') {
    say('text', data);
    if (data === text) client.send(Buffer.from([0, 1, 255]));
    return;
  }
  say('bytes', [...new Uint8Array(data)]);
  const next = () => { say(client.transport.name); client.send('end'); };
  if (transports.length > 1 && client.transport.name !== 'websocket') client.once('upgrade', next);
  else next();
});
client.on('error', (error) => say('error', String(error.description || error)));
client.on('close', () => { say('close'); process.exit(0); });
