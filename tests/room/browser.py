"""A browser of this machine, and the page of the chat in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.waiting import eventually

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NoBrowser(Exception):
    """There is none on this machine."""


@contextmanager
def browser(folder: Path) -> Iterator[webdriver.Chrome]:
    """Give a browser that keeps its files in a folder.

    Raises:
        NoBrowser: there is none.
    """
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        raise NoBrowser("needs a browser: Debian has it in the packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in [*FLAGS, f"--user-data-dir={folder}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield running
    finally:
        running.quit()


class Page:
    """The chat as a person sees it."""

    def __init__(self, driver, url):
        self.driver, self.url = driver, url
        driver.get(url)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        """Return the texts of all elements, at one moment."""
        script = "return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText)"
        return self.driver.execute_script(script, selector)

    def shows(self, text, selector="#messages li"):
        """Wait until something says ``text``."""
        eventually(lambda: text in self.texts(selector), text)

    def has_state(self, state):
        eventually(lambda: self.texts("#state") == [state], state)

    def join(self, name, room="lobby"):
        self.has_state("connected")
        for field, value in (("#name", name), ("#wanted-room", room)):
            self.find(field).clear()
            self.find(field).send_keys(value)
        self.find("#joining button").click()

    def say(self, text):
        self.find("#text").send_keys(text)
        self.find("#saying button").click()

    def complaints(self):
        """Return what the browser complains about here; the page before may still have looked for its server."""
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        return [message for message in messages if message.startswith(self.url) or not message.startswith("http")]
