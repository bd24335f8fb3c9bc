// What is measured of a client in JavaScript: node measures.js CLIENT MEASURE PORT REVISION [NUMBER ...]; see measures.py.
'use strict';
const fs = require('fs');

const clients = {
  js_0_9(port, polling) {
    const options = { transports: [polling ? 'xhr-polling' : 'websocket'], reconnect: false, 'force new connection': true };
    return require('socket.io-client-0.9').connect('http://127.0.0.1:' + port, options);
  },
  js_4(port) {
    return require('socket.io-client').io('http://127.0.0.1:' + port, {
      transports: ['websocket'], reconnection: false, forceNew: true,
    });
  },
};

const seconds = () => Number(process.hrtime.bigint()) / 1e9;
const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6; };
const watch = () => ({ wall: seconds(), cpu: cpu() });
const rate = (since, count) => ({
  rate: count / (seconds() - since.wall), cpu: (cpu() - since.cpu) / count * 1e6,
});
const percentile = (times, percent) => times.sort((a, b) => a - b)[Math.floor(times.length * percent / 100)] * 1e6;

function open(connect, port, polling) {
  return new Promise((resolve) => { const socket = connect(port, polling); socket.on('connect', () => resolve(socket)); });
}

// The figures of a number of things, or of as many as take about so many seconds, after a warm-up.
async function measured(run, amount) {
  if (!amount.seconds) {
    await run(Math.max(Math.floor(amount / 20), 2));
    return run(amount);
  }
  for (let count = 2; ; count *= 8) {
    const figures = await run(count);
    if (count >= figures.rate * amount.seconds / 10) return run(Math.max(Math.floor(figures.rate * amount.seconds), 2));
  }
}

const most = (amount) => amount.seconds ? [Infinity, amount.seconds] : [amount, Infinity];

const once = (socket, name) => new Promise((resolve) => socket.once(name, resolve));

const measures = {
  async receive(connect, port, amount, size, polling, flood = 'flood') {
    const socket = await open(connect, port, polling);
    let seen = 0;
    socket.on('news', () => { seen++; });
    return measured(async (count) => {
      seen = 0;
      const since = watch();
      socket.emit(flood, count, size);
      await once(socket, 'done');
      if (seen !== count) throw new Error(seen + ' of ' + count + ' events arrived');
      return rate(since, count);
    }, amount);
  },
  async send(connect, port, amount, size, threads, polling, data) {
    const socket = await open(connect, port, polling);
    const text = data || 'x'.repeat(Math.max(size - 32, 1));
    return measured(async (count) => {
      socket.emit('sink', count);
      const since = watch();
      for (let i = 0; i < count; i++) socket.emit('note', text);
      await once(socket, 'done');
      return rate(since, count);
    }, amount);
  },
  receive_bytes: (connect, port, count, size) => measures.receive(connect, port, count, size, false, 'flood of bytes'),
  send_bytes: (connect, port, count, size) => measures.send(connect, port, count, size, 1, false, Buffer.alloc(size, 7)),
  receive_polling: (connect, port, count, size) => measures.receive(connect, port, count, size, true),
  send_polling: (connect, port, count, size) => measures.send(connect, port, count, size, 1, true),
  async ask(connect, port, amount) {
    const socket = await open(connect, port);
    const times = [], [count, limit] = most(amount);
    const since = watch();
    let begun = seconds();
    await new Promise((resolve) => {
      const answered = () => {
        times.push(seconds() - begun);
        if (times.length >= count || seconds() - since.wall > limit) return resolve();
        begun = seconds();
        socket.emit('question', answered);
      };
      socket.emit('question', answered);
    });
    return { ...rate(since, times.length), p99: percentile(times, 99) };
  },
  async call(connect, port, amount) {
    const socket = await open(connect, port);
    for (let i = 0; i < 200; i++) await new Promise((resolve) => socket.emit('question', resolve));
    const times = [], [count, limit] = most(amount);
    const since = watch();
    while (times.length < count && seconds() - since.wall < limit) {
      const begun = seconds();
      await new Promise((resolve) => socket.emit('question', resolve));
      times.push(seconds() - begun);
    }
    return { ...rate(since, times.length), p99: percentile(times, 99) };
  },
  async reply(connect, port, amount) {
    const socket = await open(connect, port);
    const text = 'x'.repeat(28);
    socket.on('news', () => socket.emit('note', text));
    return measured(async (count) => {
      const since = watch();
      socket.emit('ask', count, 60);
      await once(socket, 'done');
      return rate(since, count);
    }, amount);
  },
  async connect(connect, port, amount) {
    async function connectOnce() {
      const begun = seconds();
      const socket = connect(port);
      await once(socket, 'hello');
      const took = seconds() - begun;
      socket.disconnect();
      return took;
    }
    await connectOnce();
    const times = [], [count, limit] = most(amount), since = watch();
    while (times.length < count && seconds() - since.wall < limit) times.push(await connectOnce());
    const used = rate(since, times.length).cpu;
    return { cpu: used, ms: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] * 1000 };
  },
  async memory(connect, port, count) {
    const resident = () => process.memoryUsage().rss / 1024;
    await open(connect, port);
    const before = resident(), sockets = [];
    for (let i = 0; i < count; i++) sockets.push(await open(connect, port));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return { kib: (resident() - before) / count, threads: 0 };
  },
  async idle(connect, port, { seconds: duration }) {
    await open(connect, port);
    const switches = () => fs.readdirSync('/proc/self/task').reduce((sum, task) => sum + Number(
      /\nvoluntary_ctxt_switches:\s*(\d+)/.exec(fs.readFileSync('/proc/self/task/' + task + '/status', 'utf8'))[1]), 0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = switches(), used = cpu();
    await new Promise((resolve) => setTimeout(resolve, duration * 1000));
    return { wakeups: Math.max(switches() - before - 1, 0) / duration, cpu: (cpu() - used) / duration * 1e6 };
  },
};

const [name, measure, port, , ...numbers] = process.argv.slice(2);
const read = (text) => text.includes('.') ? { seconds: Number(text) } : Number(text);
measures[measure](clients[name], Number(port), ...numbers.map(read)).then((figures) => {
  console.log(JSON.stringify(figures));
  process.exit(0);
});
