"""What several contract tests share."""

from __future__ import annotations

import pytest
import trustme

from tests.conftest import start


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
