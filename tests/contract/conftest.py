"""What several contract tests share, and the account of which servers have kept the contract."""

from __future__ import annotations

import os

import pytest
import trustme

from tests import proven
from tests.conftest import start
from tests.servers import SERVERS

_kept: dict[proven.Pair, bool] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Note of each test that runs for a pair of server and transport whether it has passed."""
    report = yield
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if "pair" in params:
        server, transport = params["pair"]
        pair = next(name for name in SERVERS if SERVERS[name] is server), transport
        _kept[pair] = _kept.get(pair, True) and report.passed
    return report


def pytest_sessionfinish(session):
    """After a whole run, see that the README says what was proven; ``make table`` writes it."""
    is_whole = session.config.option.keyword == "" and set(_kept) == set(proven.PAIRS) and all(_kept.values())
    if not is_whole:
        return
    table = proven.table(_kept)
    if os.environ.get("WRITE_TABLE"):
        proven.write(table)
    elif not proven.stands_in_readme(table):
        print("\nThe README's table of servers is not what was proven: run make table.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def secure(tmp_path_factory):
    """The port of a server on TLS, and the file of the authority that it has its certificate from."""
    folder = tmp_path_factory.mktemp("tls")
    authority, files = trustme.CA(), {name: str(folder / name) for name in ("ca", "cert", "key")}
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(files["ca"])
    certificate.cert_chain_pems[0].write_to_path(files["cert"])
    certificate.private_key_pem.write_to_path(files["key"])
    with start("legacy.js", cert=files["cert"], key=files["key"]) as server:
        yield server.port, files["ca"]
