// The real socket.io-client 4.x: says what it hears, and whether it was recovered, one line of JSON for each thing.
'use strict';
const { url, transports } = JSON.parse(process.argv[2]);
const { io } = require('socket.io-client-4');
const socket = io(url, { transports, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 40, auth: { token: 'mine' } });

function say(...what) { console.log(JSON.stringify(what)); }

socket.on('connect', () => { say('connect', socket.recovered); socket.emit('ready', socket.id); });
socket.on('disconnect', (reason) => { if (reason === 'io server disconnect') socket.close(); });
socket.onAny((name, ...args) => { say(name, ...args); if (name === 'end') process.exit(0); });
