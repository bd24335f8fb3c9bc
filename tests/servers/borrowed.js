// Runs a server's script that lies elsewhere, on the socket.io and the port of the settings instead of those it names.
'use strict';
const Module = require('module');
const net = require('net');
const { settings } = require('./listen');

const resolve = Module._resolveFilename;
Module._resolveFilename = (name, parent, ...rest) =>
  name === 'socket.io' ? require.resolve(settings.package) : resolve(name, parent, ...rest);
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function () {
  return listen.call(this, settings.port, '127.0.0.1', () => {
    console.log('listening ' + settings.port + ' socket.io ' + require(settings.package + '/package.json').version);
  });
};
process.stdin.on('end', () => process.exit()).resume();
process.argv.splice(2); // the script looks at what it was told
require(settings.file);
