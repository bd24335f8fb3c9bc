// As much of a page as jsonp-polling needs: scripts that are fetched and run, and forms that are posted.
'use strict';
const http = require('http');
const vm = require('vm');

exports.makePage = () => {
  const parent = { insertBefore(script) { script.parentNode = parent; load(script); }, removeChild() {}, appendChild(form) { form.parentNode = parent; } };
  function load(script) {
    http.get(script.src, (response) => {
      if (response.statusCode !== 200) return response.resume() && script.onerror();
      let text = '';
      response.setEncoding('utf8').on('data', (data) => { text += data; }).on('end', () => vm.runInThisContext(text));
    }).on('error', () => script.onerror());
  }
  class Form {
    constructor() { this.style = {}; this.children = []; }
    setAttribute() {}
    appendChild(child) { this.children.push(child); }
    removeChild(child) { this.children.splice(this.children.indexOf(child), 1); }
    submit() {
      const [area, iframe] = this.children;
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const request = http.request(this.action, { method: 'POST', headers });
      // A browser shows whatever is answered, and is done then.
      request.on('response', (response) => response.on('end', () => iframe.onload()).resume()).on('error', () => {});
      request.end(new URLSearchParams([[area.name, area.value]]).toString());
    }
  }
  globalThis.document = {
    documentElement: { style: {} },
    body: parent,
    createElement(kind) {
      if (kind.startsWith('<')) throw new Error('only old Internet Explorers make elements like this');
      return kind === 'form' ? new Form() : {};
    },
    getElementsByTagName() { return [{ parentNode: parent }]; },
  };
};
