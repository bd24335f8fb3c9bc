// A later generation of socket.io, which sioclient has to name.
'use strict';
const { settings, create, listen } = require('./listen');
const server = create();
const { Server } = { Server: require(settings.module), ...require(settings.module) };
new Server(server);
listen(server);
