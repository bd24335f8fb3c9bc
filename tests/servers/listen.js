// Runs an HTTP server for the length of a test: the settings come as JSON, the port is printed, the end of stdin ends it.
// Node 0.10 runs this too, so it is written in the JavaScript of its time.
'use strict';
var http = require('http');
var https = require('https');
var fs = require('fs');

var settings = exports.settings = JSON.parse(process.argv[2] || '{}');

exports.create = function () {
  // Without a listener of its own, 0.9 lets requests for other paths hang.
  function other(request, response) { response.writeHead(404); response.end('no such page'); }
  if (!settings.cert) return http.createServer(other);
  return https.createServer({ cert: fs.readFileSync(settings.cert), key: fs.readFileSync(settings.key) }, other);
};

exports.listen = function (server, version) {
  process.stdin.on('end', function () { process.exit(); }).resume();
  // Who listens for errors, as socket.io 0.9 does, keeps Node from ending at one.
  function failed(error) { console.error(String(error)); process.exit(1); }
  server.on('error', failed);
  server.listen(settings.port || 0, '127.0.0.1', function () {
    server.removeListener('error', failed);
    console.log('listening ' + server.address().port + ' ' + (version || 'Node ' + process.version));
  });
};
