// The page of the chat. What others say reaches it as text, never as HTML.
'use strict';

const $ = (id) => document.getElementById(id);
const MOST_LINES = 500;
const MOST_PEOPLE = 200;
const STATES = { connecting: 'connecting', connected: 'connected', lost: 'connection lost', reconnecting: 'reconnecting' };
let name = null;
let room = 'lobby';
let joined = false;      // whether the server knows our name in this session
let following = true;    // whether the end of the conversation is in sight
let unseen = 0;          // lines that came while the page was hidden
let people = new Set();
const unsaid = [];       // lines of ours that the server has not acknowledged

function item(text, kind, who) {
  const line = document.createElement('li');
  if (who) line.appendChild(document.createElement('b')).textContent = who;
  line.append(text);
  if (kind) line.className = kind;
  return line;
}

// The conversation. It shows its end as long as nobody scrolls up, whatever else on the page changes its height.
const log = $('log');
let measured = '';
const measure = () => `${log.scrollHeight} ${log.clientHeight}`;
const toEnd = () => { log.scrollTop = log.scrollHeight; measured = measure(); };
log.addEventListener('scroll', () => {
  // An event comes late: the end that is out of sight by then may have been moved there by what came meanwhile.
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (atEnd || measured === measure()) following = atEnd;
  measured = measure();
});
new ResizeObserver(() => { if (following) toEnd(); }).observe(log);

function add(text, kind, who) {
  const line = item(text, kind, who);
  if (document.hidden && kind !== 'mine') markUnseen();
  $('messages').append(line);
  if ($('messages').children.length > MOST_LINES) $('messages').firstElementChild.remove();
  if (following || kind === 'mine') toEnd();
  return line;
}

const news = (text) => add(text, 'news');

function markUnseen() {
  if (!unseen++) {
    document.querySelectorAll('#messages .unseen').forEach((line) => line.remove());
    $('messages').append(item('new while you were away', 'news unseen'));
  }
  document.title = `(${unseen}) Chat`;
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) { unseen = 0; document.title = 'Chat'; }
});

// The people. The list is built first and put in place at once.
function showPeople() {
  const names = [...people];
  const items = names.slice(0, MOST_PEOPLE).map((person) => item(person === name ? person + ' (you)' : person));
  if (names.length > MOST_PEOPLE) items.push(item(`and ${names.length - MOST_PEOPLE} more`, 'nobody'));
  if (!names.length) items.push(item('nobody yet', 'nobody'));
  $('people').replaceChildren(...items);
}

// What we say. A line is marked until the server has acknowledged it.
function mark(entry, text) {
  if (entry.mark) entry.mark.remove();
  entry.mark = text ? entry.line.appendChild(document.createElement('small')) : null;
  if (text) entry.mark.textContent = text;
  if (following) toEnd();
}

function say(text) {
  const entry = { text, line: add(text, 'mine'), sent: false, mark: null };
  unsaid.push(entry);
  if (joined) transmit(entry); else mark(entry, 'not sent yet');
}

function transmit(entry) {
  entry.sent = true;
  mark(entry, '');
  socket.emit('user message', entry.text, (said) => {
    unsaid.splice(unsaid.indexOf(entry), 1);
    if (said === false) mark(entry, 'not said');
  });
}

function lost() {
  joined = false;
  for (const entry of unsaid.filter((one) => one.sent)) {
    mark(entry, 'perhaps not said: the connection was lost');
    unsaid.splice(unsaid.indexOf(entry), 1);
  }
}

// Names and rooms.
function join(again, wantedName, wantedRoom) {
  const refuse = (why) => { $('problem').textContent = why; };
  socket.emit('join', wantedRoom, (there) => {
    if (there === false && !again) { refuse('Too fast: wait a moment.'); return; }
    room = wantedRoom;
    socket.emit('nickname', wantedName, (taken, why) => {
      // The server may not have noticed yet that our last connection is gone.
      if (taken && again) { setTimeout(() => join(true, wantedName, wantedRoom), 2500); return; }
      if (taken) { refuse(`Not this name: ${why || 'somebody here has it already'}.`); return; }
      refuse('');
      enter(again, wantedName);
    });
  });
}

function enter(again, wantedName) {
  const wasHere = name !== null;
  name = wantedName;
  joined = true;
  showChat(true);
  $('room').textContent = room === 'lobby' ? '' : '· ' + room;
  if (again) news('you are back; what others said meanwhile is not shown');
  else news(wasHere ? `you went to the room ${room}` : 'you joined');
  showPeople();
  unsaid.filter((entry) => !entry.sent).forEach(transmit);
  if (!again) $('text').focus();
}

function showChat(shown) {
  $('joining').hidden = shown;
  $('chat').hidden = !shown;
  $('change').hidden = name === null;
  $('change').setAttribute('aria-expanded', String(!shown));
  if (shown) toEnd(); else { $('problem').textContent = ''; $('wanted-room').focus(); $('wanted-room').select(); }
}

const socket = new Socket('socket.io')
  .on('state', (state) => {
    $('state').dataset.state = state;
    $('state').textContent = STATES[state];
    $('joining').querySelector('button').disabled = state !== 'connected';
    if (state === 'lost') lost();
  })
  .on('connect', () => { if (name !== null) join(true, name, room); })
  .on('msg to room', (who, text) => add(String(text), '', String(who)))
  .on('announcement', (text) => news(String(text)))
  .on('nicknames', (names) => { people = new Set(Object.values(names).map(String)); showPeople(); })
  .on('joined', (person) => { people.add(String(person)); showPeople(); })
  .on('left', (person) => { people.delete(String(person)); showPeople(); })
  .on('renamed', (before, person) => {
    people = new Set([...people].map((one) => (one === String(before) ? String(person) : one)));
    showPeople();
  });

$('joining').addEventListener('submit', (event) => {
  event.preventDefault();
  const wanted = $('name').value.trim();
  if (wanted) join(false, wanted, $('wanted-room').value.trim() || 'lobby');
  else $('problem').textContent = 'Not this name: a name needs something that can be seen.';
});

$('change').addEventListener('click', () => showChat($('chat').hidden));

$('saying').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text) return;
  say(text);
  $('text').value = '';
});
