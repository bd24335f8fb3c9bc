// The Socket of our page, over socket.io-client of npm, of 0.9 or 4.x, which was loaded before.
'use strict';

class Socket {
  constructor() {
    this.listeners = {};
    this.socket = io.connect(location.origin, { reconnectionDelay: 50, 'reconnection delay': 50 });
    this.socket.on('connect', () => { this.tell('state', 'connected'); this.tell('connect'); });
    this.socket.on('disconnect', () => this.tell('state', 'lost'));
  }

  on(name, listener) {
    this.listeners[name] = listener;
    if (name !== 'state' && name !== 'connect') this.socket.on(name, listener);
    return this;
  }

  emit(...what) { this.socket.emit(...what); }

  tell(name, ...args) { if (this.listeners[name]) this.listeners[name](...args); }
}
