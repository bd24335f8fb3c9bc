"""The page of the chat in a real browser."""

from __future__ import annotations

import contextlib
import threading

import pytest
from selenium.webdriver.common.by import By

import chatbot
from sioclient import SocketIO
from sioclient.server import SocketServer, chat
from sioclient.server.chat import Chat
from sioclient.server.webpage import ROUTES
from tests.conftest import Recorder
from tests.room.browser import NoBrowser, Page, browser
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """A browser of this machine, or a skipped test."""
    try:
        with browser(tmp_path_factory.mktemp("browser")) as running:
            yield running
    except NoBrowser as error:
        pytest.skip(str(error))


@pytest.fixture
def serve():
    """Start chat servers with their page; they end with the test."""
    servers = []

    def start(port=0, **settings):
        servers.append(SocketServer(Chat, port, routes=ROUTES, **settings))
        servers[-1].__enter__()
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_a_person_talks_to_the_bot(driver, serve, transport, capsys):
    server = serve(transports=(transport,))
    bot = threading.Thread(target=chatbot.run_bot, args=("localhost", server.port), daemon=True)
    bot.start()
    page = Page(driver, server.url)
    page.shows("bot", "#people li")
    page.join("ada")
    page.shows("ada (you)", "#people li")
    assert set(page.texts("#people li")) == {"bot", "ada (you)"}
    page.say("is there a bot?")
    page.shows("bot\nwho are you calling bot?!")
    assert page.texts("#messages li.mine") == ["is there a bot?"]
    page.say("bye")
    page.shows("bot\nbye")
    page.shows("bot disconnected")
    page.has_state("connected")
    bot.join(20)
    assert page.complaints() == []


def test_what_others_say_is_text(driver, serve):
    server = serve()
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    with SocketIO("localhost", server.port) as other:
        assert other.call("nickname", "<b>eve</b>") is False
        page = Page(driver, server.url)
        page.join("ada")
        page.shows("you joined")
        other.emit("user message", nasty)
        page.shows(f"<b>eve</b>\n{nasty}")
        page.shows("<b>eve</b>", "#people li")
    assert driver.title == "Chat"
    assert page.driver.find_elements(By.CSS_SELECTOR, "main img, main script, main li b b") == []
    driver.execute_script(
        "const script = document.createElement('script');"
        "script.textContent = 'document.title = \"owned\"'; document.body.append(script)"
    )
    assert driver.title == "Chat"
    assert "Content Security Policy" in page.complaints()[0]


def test_a_name_that_is_taken_and_a_room(driver, serve):
    server, recorder = serve(), Recorder()
    with SocketIO("localhost", server.port, recorder) as other:
        assert other.call("nickname", "ada") is False
        page = Page(driver, server.url)
        page.join("ada")
        page.shows("Not this name: somebody here has this name already.", "#problem")
        page.join("grace", room="kitchen")
        page.shows("you joined")
        assert page.texts("h1") == ["Chat · kitchen"]
        other.call("join", "kitchen")
        page.shows("ada came in")
        page.say("hello")
        assert recorder.next("msg to room") == ("msg to room", "grace", "hello")


@pytest.mark.parametrize("name", ["   ", "\u200b\u2060", "\u3164"])
def test_a_name_of_which_nothing_is_seen(driver, serve, name):
    page = Page(driver, serve().url)
    page.join(name)
    page.shows("Not this name: a name needs something that can be seen.", "#problem")
    page.join("ada")
    page.shows("you joined")


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_the_page_survives_a_restart(driver, serve, transport):
    server = serve(transports=(transport,))
    page = Page(driver, server.url)
    page.join("ada")
    page.shows("you joined")
    server.__exit__()
    eventually(lambda: page.texts("#state") != ["connected"], "the loss")
    page.say("written meanwhile")
    recorder = Recorder()
    again = serve(server.port, transports=(transport,))
    with SocketIO("localhost", again.port, recorder) as other:
        page.shows("you are back; what others said meanwhile is not shown")
        page.has_state("connected")
        other.call("nickname", "grace")
        page.shows("grace connected")
        page.say("still here")
        while recorder.next("msg to room") != ("msg to room", "ada", "still here"):
            pass


def emit(server, name, *args):
    """Have the server send something to everybody."""
    server.call(lambda: server.router.broadcast("", name, *args))


def distance(page):
    """Return how far the end of the conversation is from being seen, in pixels."""
    script = "const log = document.getElementById('log'); return log.scrollHeight - log.scrollTop - log.clientHeight"
    return page.driver.execute_script(script)


@contextlib.contextmanager
def phone(driver):
    metrics = {"width": 360, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        yield
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_it_fits_on_a_phone(driver, serve):
    server = serve()
    with phone(driver):
        page = Page(driver, server.url)
        page.join("ada")
        page.shows("you joined")
        for number in range(5):
            page.say(f"{number} " + "long" * 100)
        width, height = driver.execute_script("return [document.body.scrollWidth, document.body.scrollHeight]")
        assert (width, height) == (360, 640)
        send = page.find("#saying button").rect
        assert send["y"] + send["height"] <= 640
        assert send["x"] + send["width"] <= 360


def test_it_follows_the_conversation_on_a_phone(driver, serve):
    server = serve()
    with phone(driver):
        page = Page(driver, server.url)
        page.join("ada")
        page.shows("you joined")
        for number in range(20):
            emit(server, "msg to room", "grace", f"{number}" + " long" * 40)
        page.shows("grace\n19" + " long" * 40)
        for number in range(20):
            emit(server, "joined", f"somebody called {number}")
        page.shows("somebody called 19", "#people li")
        eventually(lambda: distance(page) < 5, "the end of the conversation")
        # Whoever has scrolled up stays there.
        driver.execute_script("document.getElementById('log').scrollTop = 0")
        eventually(lambda: not driver.execute_script("return following"), "the page's knowledge of it")
        emit(server, "msg to room", "grace", "one more")
        page.shows("grace\none more")
        emit(server, "left", "somebody called 19")
        eventually(lambda: "somebody called 19" not in page.texts("#people li"))
        assert distance(page) > 100


def test_people_come_and_go_and_change_their_names(driver, serve):
    server = serve()
    page = Page(driver, server.url)
    page.join("ada")
    page.shows("ada (you)", "#people li")
    with SocketIO("localhost", server.port) as other:
        assert other.call("nickname", "grace") is False
        page.shows("grace", "#people li")
        assert other.call("nickname", "amazing grace") is False
        page.shows("amazing grace", "#people li")
        assert page.texts("#people li") == ["ada (you)", "amazing grace"]
    eventually(lambda: page.texts("#people li") == ["ada (you)"], "the end of the other")
    for number in range(250):
        emit(server, "joined", f"n{number}")
    page.shows("and 51 more", "#people li")


def test_a_way_to_another_room(driver, serve):
    server, recorder = serve(), Recorder()
    with SocketIO("localhost", server.port, recorder) as other:
        other.call("nickname", "grace")
        other.call("join", "kitchen")
        page = Page(driver, server.url)
        assert not page.find("#change").is_displayed()
        page.join("ada")
        page.shows("you joined")
        page.find("#change").click()
        assert not page.find("#chat").is_displayed()
        page.find("#change").click()
        assert page.find("#chat").is_displayed()
        page.find("#change").click()
        page.join("ada", room="kitchen")
        page.shows("you went to the room kitchen")
        assert page.texts("h1") == ["Chat \u00b7 kitchen"]
        page.shows("grace", "#people li")
        page.say("hello")
        assert recorder.next("msg to room") == ("msg to room", "ada", "hello")


def test_what_is_said_while_the_connection_is_away_is_marked(driver, serve):
    server = serve()
    page = Page(driver, server.url)
    page.join("ada")
    page.shows("you joined")
    server.__exit__()
    eventually(lambda: page.texts("#state") != ["connected"], "the loss")
    page.say("written meanwhile")
    page.shows("written meanwhile\nnot sent yet")
    recorder = Recorder()
    again = serve(server.port)
    with SocketIO("localhost", again.port, recorder):
        page.shows("you are back; what others said meanwhile is not shown")
        assert recorder.next("msg to room") == ("msg to room", "ada", "written meanwhile")
        page.shows("written meanwhile")


def test_what_was_not_said_is_marked(driver, serve, monkeypatch):
    monkeypatch.setattr(chat, "TEXTS", (0.001, 1))
    page = Page(driver, serve().url)
    page.join("ada")
    page.shows("you joined")
    page.say("one")
    page.say("two")
    page.shows("two\nnot said")
    assert "one" in page.texts("#messages li.mine")


def test_what_others_say_while_the_page_is_hidden_is_marked(driver, serve):
    server = serve()
    page = Page(driver, server.url)
    page.join("ada")
    page.shows("you joined")
    hide = "Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});"
    driver.execute_script(hide + "document.dispatchEvent(new Event('visibilitychange'))", True)
    for text in ("first", "second"):
        emit(server, "msg to room", "grace", text)
    page.shows("grace\nsecond")
    assert page.texts("#messages li")[-3:] == ["new while you were away", "grace\nfirst", "grace\nsecond"]
    assert driver.title == "(2) Chat"
    driver.execute_script(hide + "document.dispatchEvent(new Event('visibilitychange'))", False)
    assert driver.title == "Chat"


CONTRASTS = """
const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const behind = (element) => {
  for (; element; element = element.parentElement) {
    const color = numbers(getComputedStyle(element).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
};
const ratio = (color, element) => {
  const [a, b] = [light(numbers(color)), light(behind(element))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
};
const found = [];
for (const element of document.querySelectorAll('body *')) {
  if ([...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || element.tagName === 'INPUT') {
    const what = element.outerHTML.slice(0, 80);
    found.push([ratio(getComputedStyle(element).color, element), what]);
    if (element.placeholder) found.push([ratio(getComputedStyle(element, '::placeholder').color, element), what]);
  }
}
return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(driver, serve, scheme):
    server = serve()
    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    try:
        page = Page(driver, server.url)
        page.join("ada")
        page.shows("you joined")
        emit(server, "msg to room", "grace", "hello")
        page.say("hello")
        driver.execute_script(
            "mark({line: add('mine', 'mine')}, 'not said'); add('new', 'news unseen'); $('problem').textContent = 'x';"
            "$('joining').hidden = false; $('joining').querySelector('button').disabled = true"
        )
        page.shows("grace\nhello")
        contrasts = driver.execute_script(CONTRASTS)
        assert len(contrasts) > 15
        assert [contrast for contrast in contrasts if contrast[0] < 4.5] == []
        assert page.find("#log").aria_role == "log"
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
