// The page of the chat. What others say reaches it as text, never as HTML.
'use strict';

const $ = (id) => document.getElementById(id);
const MOST_LINES = 500;
const STATES = { connecting: 'connecting', connected: 'connected', lost: 'connection lost', reconnecting: 'reconnecting' };
let name = null;
let room = 'lobby';

function add(list, text, kind, who) {
  const line = document.createElement('li');
  if (who) line.appendChild(document.createElement('b')).textContent = who;
  line.append(text);
  if (kind) line.className = kind;
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(line);
  if (list.children.length > MOST_LINES) list.firstElementChild.remove();
  if (atEnd || kind === 'mine') list.scrollTop = list.scrollHeight;
}

const news = (text) => add($('messages'), text, 'news');

function join(again) {
  socket.emit('join', room);
  socket.emit('nickname', name, (taken) => {
    if (taken && again) {
      // The server may not have noticed yet that our last connection is gone.
      setTimeout(() => join(true), 2000);
      return;
    }
    $('problem').textContent = taken ? 'Somebody here has this name already.' : '';
    if (taken) { name = null; return; }
    $('joining').hidden = true;
    $('chat').hidden = false;
    $('room').textContent = room === 'lobby' ? '' : '· ' + room;
    news(again ? 'you are back' : 'you joined');
    if (!again) $('text').focus();
  });
}

const socket = new Socket('socket.io')
  .on('state', (state) => {
    $('state').dataset.state = state;
    $('state').textContent = STATES[state];
    $('joining').querySelector('button').disabled = state !== 'connected';
  })
  .on('connect', () => { if (name !== null) join(!$('chat').hidden); })
  .on('msg to room', (who, text) => add($('messages'), String(text), '', String(who)))
  .on('announcement', (text) => news(String(text)))
  .on('nicknames', (names) => {
    const people = Object.values(names).map(String);
    $('people').replaceChildren();
    people.forEach((person) => add($('people'), person === name ? person + ' (you)' : person));
    if (!people.length) add($('people'), 'nobody yet', 'nobody');
  });

$('joining').addEventListener('submit', (event) => {
  event.preventDefault();
  name = $('name').value.trim();
  room = $('wanted-room').value.trim() || 'lobby';
  if (name) join(false);
});

$('saying').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text) return;
  socket.emit('user message', text);
  add($('messages'), text, 'mine');
  $('text').value = '';
});
