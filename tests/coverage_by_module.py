"""Says of each module what its own tests leave out; to be run after ``pytest --cov``.

A module's own tests are those of the file that mirrors it: of ``sioclient/protocol/acks.py``, the tests of
``tests/protocol/test_acks.py``. What everything else happens to run on the way does not count.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parent.parent

ELSEWHERE = {
    "__init__.py": "test_client.py",
    "threads/heartbeat.py": "threads/test_heartbeat.py|threads/test_standin.py",
    "threads/listener.py": "threads/test_listener.py|threads/test_standin.py",
    "__main__.py": "cli/test_main.py",
    "cli/__init__.py": "cli/test_main.py",
    "cli/applications.py": "cli/test_serve.py",
    "cli/commands.py": "cli/test_main.py",
    "cli/connect.py": "cli/test_script.py|cli/test_interactive.py",
    "cli/conversation.py": "cli/test_script.py|cli/test_interactive.py",
    "cli/example.py": "cli/test_serve.py",
    "cli/listening.py": "cli/test_listen.py",
    "cli/load.py": "cli/test_bench.py",
    "cli/marks.py": "cli/test_parser.py",
    "cli/progress.py": "cli/test_bench.py",
    "cli/recorder.py": "cli/test_record.py",
    "cli/shells.py": "cli/test_completion.py",
    "cli/signals.py": "cli/test_interactive.py",
    "cli/stdin.py": "cli/test_script.py",
    "cli/verbosity.py": "cli/test_stderr.py",
    "compat/__init__.py": "compat/test_socketIO_client.py",
    "compat/socketIO_client/__init__.py": "compat/test_socketIO_client.py",
    "compat/socketIO_client/client.py": "compat/test_socketIO_client.py",
    "compat/socketIO_client/exceptions.py": "compat/test_socketIO_client.py",
    "compat/socketIO_client/inbox.py": "compat/test_socketIO_client.py",
    "compat/socketIO_client/namespaces.py": "compat/test_socketIO_client.py",
    "compat/socketIO_client/transports.py": "compat/test_socketIO_client.py",
    "protocol/__init__.py": "protocol/test_client.py",
    "protocol/client.py": "protocol/test_client.py|protocol/test_detour.py",
    "protocol/framing.py": "protocol/revisions/test_engineframing.py|protocol/revisions/test_framing1.py",
    "protocol/lifecycle.py": "protocol/test_lifecycle.py|protocol/test_generations.py|protocol/test_turns.py|"
    "protocol/test_detour.py",
    "protocol/membership.py": "protocol/test_membership.py|protocol/test_turns.py",
    "protocol/notices.py": "protocol/test_membership.py|protocol/test_receiver.py|protocol/test_lifecycle.py",
    "protocol/receiver.py": "protocol/test_receiver.py|protocol/test_turns.py|protocol/test_detour.py",
    "protocol/revisions/__init__.py": "protocol/test_revisions.py",
    "protocol/sending.py": "protocol/test_client.py|protocol/test_detour.py",
    "server/__init__.py": "server/test_server.py|server/test_package.py",
    "server/__main__.py": "server/test_main.py",
    "server/asgisocket.py": "server/test_asgi.py",
    "server/backplane.py": "server/test_backplane.py",
    "server/elsewhere.py": "server/test_backplane.py",
    "server/redislink.py": "server/test_redislink.py|server/test_backplane.py",
    "server/client.py": "server/test_connection.py|server/test_limits.py|server/test_web.py|server/test_server.py|"
    "server/test_later.py|server/test_testing.py",
    "server/connection.py": "server/test_connection.py|server/test_later.py|server/test_recovery.py|"
    "server/test_backplane.py",
    "server/dialects.py": "server/test_dialects.py|server/test_later.py",
    "server/engineclient.py": "server/test_engineserver.py",
    "server/enginehandlers.py": "server/test_engineserver.py",
    "server/plainweb.py": "server/test_engineserver.py",
    "server/engineweb.py": "server/test_later.py|server/test_official_suites.py|server/test_testing.py",
    "server/fairness.py": "server/test_fairness.py|server/test_testing.py",
    "server/guarded.py": "server/test_web.py|server/test_limits.py|server/test_guarded.py",
    "server/handlers.py": "server/test_connection.py|server/test_limits.py|server/test_web.py|server/test_server.py|"
    "server/test_later.py|server/test_testing.py|server/test_recovery.py",
    "server/hub.py": "server/test_server.py|server/test_connection.py|server/test_limits.py|server/test_web.py|"
    "server/test_later.py|server/test_testing.py|server/test_backplane.py|server/test_metrics.py",
    "server/links.py": "server/test_connection.py|server/test_web.py",
    "server/replies.py": "server/test_later.py",
    "server/health.py": "server/test_health.py|server/test_metrics.py",
    "server/request.py": "server/test_request.py|server/test_later.py",
    "server/router.py": "server/test_server.py|server/test_testing.py|server/test_backplane.py|server/test_metrics.py",
    "server/server.py": "server/test_server.py|server/test_engineserver.py",
    "server/session.py": "server/test_session.py",
    "server/sessionbase.py": "server/test_session.py|server/test_enginesession.py",
    "server/clients.py": "server/test_testing.py",
    "server/settings.py": "server/test_settings.py|server/test_health.py|server/test_backplane.py|"
    "server/test_recovery.py",
    "server/web.py": "server/test_testing.py|server/test_web.py|server/test_limits.py|server/test_server.py|"
    "server/test_asgi.py",
    "server/webpage.py": "server/test_main.py",
    "fronts/__init__.py": "test_client.py",
    "threads/__init__.py": "test_client.py",
    "fronts/registry.py": "test_channel.py",
    "fronts/watcherbase.py": "threads/test_watcher.py|test_channel.py",
    "fronts/attempt.py": "fronts/test_connector.py",
    "fronts/channelbase.py": "test_channel.py|aio/test_verbs.py",
    "fronts/clientbase.py": "test_client.py",
    "fronts/connectionbase.py": "threads/test_connection.py|test_stats.py",
    "emitter.py": "test_channel.py",
    "fronts/enginebase.py": "test_engineio.py",
    "fronts/joinsbase.py": "threads/test_joins.py|test_channel.py",
    "fronts/waiter.py": "test_channel.py",
    "transports/failures.py": "transports/test_failures.py|transports/test_websocket.py|transports/test_wsclient.py|"
    "transports/test_upgrade.py",
    "transports/__init__.py": "transports/test_transports.py|transports/test_mixed.py",
    "transports/base.py": "transports/test_transports.py",
    "transports/chunks.py": "transports/test_htmlfile.py|transports/test_http1.py",
    "transports/exchange.py": "transports/test_exchange.py|transports/test_http.py|transports/test_websocket.py",
    "transports/http1.py": "transports/test_http1.py|transports/test_exchange.py|transports/test_upgrade.py",
    "transports/posting.py": "transports/test_polling.py",
    "transports/proxy.py": "transports/test_proxy.py|transports/test_http.py",
    "transports/tls.py": "transports/test_stream.py|transports/test_exchange.py",
    "transports/wsclient.py": "transports/test_wsclient.py|transports/test_websocket.py",
}
"""Where the tests of a module are that has no file of its own, or more than one."""

SURE, LIKELY = 100, 95
"""Percent that a run must reach: what has no thread, all of it; elsewhere, who of two comes first decides on a line."""


def own_tests(module: str) -> str:
    """Return a pattern for the names, as of the folder of all tests, of the files with a module's own tests."""
    folder, _, name = module.rpartition("/")
    if folder == "aio":  # whose parts have no clock or network of their own that a test could take away
        return "aio/test_.*"
    return ELSEWHERE.get(module, f"{folder}/test_{name}".lstrip("/"))


def main() -> int:
    """Print a line for each module; return 1 if any is not covered as it should be, or has no tests of its own."""
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    incomplete = 0
    for path in sorted((ROOT / "sioclient").rglob("*.py")):
        module = path.relative_to(ROOT / "sioclient").as_posix()
        tests, told = own_tests(module), io.StringIO()
        incomplete += sum(not any((ROOT / "tests").glob(name.replace(".*", "*"))) for name in tests.split("|"))
        # The context without a name is what importing the module runs.
        contexts = ["^$", f"^tests/({tests})$"]
        share = measured.report([str(path)], contexts=contexts, skip_covered=False, file=told)
        incomplete += share < (SURE if module.startswith("protocol/") else LIKELY)
        print(*(line for line in told.getvalue().splitlines() if line.startswith("sioclient")), "by", tests)
    print(f"Not covered as they should be by their own tests: {incomplete}.")
    return int(incomplete > 0)


if __name__ == "__main__":
    sys.exit(main())
