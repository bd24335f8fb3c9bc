// A client for revision 1 of Socket.IO, over websocket, or xhr-polling where that fails; it reconnects by itself.
'use strict';

class Socket {
  constructor(path) {
    this.path = path;
    this.listeners = {};
    this.acks = {};
    this.lastId = 0;
    this.waiting = [];        // frames that wait for a connection
    this.attempts = 0;
    this.polls = false;       // whether a websocket failed before
    this.open();
  }

  on(name, listener) { this.listeners[name] = listener; return this; }

  emit(name, ...args) {
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
    let id = '';
    if (callback) {
      this.acks[++this.lastId] = callback;
      id = this.lastId + '+';
    }
    this.send(`5:${id}::` + JSON.stringify({ name, args }));
  }

  send(frame) { if (this.connected) this.transport.send(frame); else this.waiting.push(frame); }

  async open() {
    this.tell('state', this.attempts ? 'reconnecting' : 'connecting');
    try {
      const response = await fetch(`${this.path}/1/?t=${Date.now()}`, { signal: AbortSignal.timeout(10000) });
      const [id, heartbeat, close, names] = (await response.text()).split(':');
      if (!response.ok || !names) throw new Error('no handshake');
      this.silence = 1000 * Math.max(heartbeat, close) + 2000;
      const socket = names.split(',').includes('websocket') && !this.polls;
      this.transport = socket ? new WebSocketTransport(this, id) : new PollingTransport(this, id);
    } catch (error) {
      this.lost(null);
    }
  }

  receive(frame) {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.lost(this.transport), this.silence);
    const match = /^([0-8]):(\d*)(\+?):([^:]*)(?::([^]*))?$/.exec(frame);
    if (!match || match[4]) return;
    const [, type, id, wants, , data] = match;
    // The server disconnects us, or does not know the session; other errors do not end the connection.
    if (type === '0' || (type === '7' && (!this.connected || /\+0$/.test(data)))) this.lost(this.transport);
    if (type === '1') this.ready();
    if (type === '2') this.transport.send('2::');
    if (type === '5') this.hear(data);
    if (type === '6') this.acknowledged(data);
    if (id && type !== '6' && this.transport) this.transport.send(`6:::${id}`);
  }

  ready() {
    if (this.connected) return;
    this.connected = true;
    this.attempts = 0;
    this.tell('state', 'connected');
    this.tell('connect');
    this.waiting.splice(0).forEach((frame) => this.transport.send(frame));
  }

  hear(data) {
    try {
      const { name, args } = JSON.parse(data);
      if (!['state', 'connect'].includes(name)) this.tell(name, ...(args || []));
    } catch (error) {
      console.warn('malformed event', error);
    }
  }

  acknowledged(data) {
    const [, id, values] = /^(\d+)\+?([^]*)$/.exec(data);
    const callback = this.acks[id];
    delete this.acks[id];
    if (callback) callback(...(values ? JSON.parse(values) : []));
  }

  tell(name, ...args) { if (Object.hasOwn(this.listeners, name)) this.listeners[name](...args); }

  // The loss of a transport that was replaced before means nothing.
  lost(transport) {
    if (transport !== this.transport && transport !== null) return;
    clearTimeout(this.watch);
    if (transport) {
      if (!this.connected && transport instanceof WebSocketTransport) this.polls = true;
      this.transport = null;
      transport.close();
    }
    this.connected = false;
    this.acks = {};
    this.tell('state', 'lost');
    const delay = Math.min(500 * 2 ** this.attempts++, 8000) * (0.75 + Math.random() / 2);
    setTimeout(() => this.open(), delay);
  }
}

class WebSocketTransport {
  constructor(socket, id) {
    const address = new URL(`${socket.path}/1/websocket/${id}`, location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    this.socket = new WebSocket(address);
    this.socket.onmessage = (event) => { if (socket.transport === this) socket.receive(event.data); };
    this.socket.onclose = () => socket.lost(this);
  }

  send(frame) { this.socket.send(frame); }

  close() { this.socket.close(); }
}

class PollingTransport {
  constructor(socket, id) {
    this.address = () => `${socket.path}/1/xhr-polling/${id}?t=${Date.now()}`;
    this.owner = socket;
    this.abort = new AbortController();
    this.queue = Promise.resolve();
    this.poll();
  }

  async poll() {
    try {
      while (!this.abort.signal.aborted) {
        const response = await fetch(this.address(), { signal: this.abort.signal });
        if (!response.ok) throw new Error(response.status);
        for (const frame of split(await response.text())) {
          if (this.owner.transport !== this) return;
          this.owner.receive(frame);
        }
      }
    } catch (error) {
      this.owner.lost(this);
    }
  }

  // One POST at a time, or one could overtake another.
  send(frame) {
    const post = () => fetch(this.address(), { method: 'POST', body: frame, signal: this.abort.signal });
    this.queue = this.queue.then(post).catch(() => this.owner.lost(this));
  }

  close() { this.abort.abort(); }
}

// One frame stands alone; several are each preceded by their length in UTF-16 units, which is what JavaScript counts.
function split(body) {
  if (body[0] !== '\ufffd') return body ? [body] : [];
  const frames = [];
  for (let at = 0; at < body.length;) {
    const start = body.indexOf('\ufffd', at + 1) + 1;
    at = start + Number(body.slice(at + 1, start - 1));
    frames.push(body.slice(start, at));
  }
  return frames;
}
