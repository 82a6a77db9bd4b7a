"""Commands beside a running server, on its database and by its API."""

from __future__ import annotations

import csv
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outcode.cli.remote import run_on_server
from outcode.flows.yaml import read_flow
from outcode.values import json
from outcode.values.problems import Problem
from tests.support.serving import Serving, free_port, serving
from tests.support.shell import ROOT, Said, in_process, open_folder, outcode, started, stop, wait_for

HELLO = "examples/hello-webhook.yaml"
ORDERS = "examples/orders-to-http.yaml"
PAGES = "examples/pages-to-csv.yaml"
SLOW = """\
outcode: 1
kind: dataflow
name: Slow
tasks:
  a:
    app: javascript
    action: function_execution
    inputs:
      code: "const end = Date.now() + 50000; while (Date.now() < end) {} return 1"
      timeout_seconds: 60
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--example") as running:
        yield running


@pytest.fixture(scope="module")
def receiver(server: Serving) -> str:
    match = re.search(r"curl (http://127\.0\.0\.1:\d+)/orders", server.said)
    assert match is not None, server.said
    return match[1]


def beside(server: Serving, *arguments: object, **variables: str) -> Said:
    return in_process(*arguments, "--data-dir", server.folder, variables=variables)


def run_id(said: Said) -> str:
    match = re.search(r"^run (\S{36})$", said.err, re.MULTILINE)
    assert match is not None, said
    return match[1]


def found(server: Serving, run: str) -> Any:
    return server.call("GET", f"/api/v1/runs/{run}", None, server.key)


def test_a_second_server_on_the_folder_is_refused_and_told_who_has_it(server: Serving) -> None:
    said = outcode("serve", "--port", free_port(), "--data-dir", server.folder)
    assert said.code == 1
    assert f"is in use by process {server.process.pid} (outcode serve --role all)" in said.err


def test_a_taken_port_is_told_before_anything_is_made(server: Serving) -> None:
    port = server.base.rpartition(":")[2]
    with open_folder() as folder:
        said = outcode("serve", "--port", port, "--data-dir", folder / "data")
        assert said.code == 1
        assert f"Port {port} on 127.0.0.1 is in use" in said.err
        assert list(folder.iterdir()) == []


def test_a_run_beside_the_server_shares_its_history(server: Serving) -> None:
    said = beside(server, "run", HELLO, "--input", '{"name": "로이"}')
    assert said.code == 0, said
    assert json.loads(said.out)["greeting"] == "Hello 로이!"
    assert "a  javascript/function_execution  done" in said.err
    listed = beside(server, "runs", "list", COLUMNS="40")
    line = next(line for line in listed.out.splitlines() if run_id(said) in line)
    assert re.fullmatch(r"\S{36}  done +cli +\S+ \S+ +[\d.]+  Hello webhook", line)
    assert found(server, run_id(said))["trigger"] == "cli"


def test_a_run_by_the_api_of_the_server(server: Serving) -> None:
    remote = ["--server", server.base, "--key", server.key]
    said = in_process("run", HELLO, "--input", '{"name": "Roy"}', "--format", "table", *remote)
    assert (said.code, said.out.splitlines()[1].split()[:2]) == (0, ["Hello", "Roy!"]), said
    assert found(server, run_id(said))["trigger"] == "api"
    missing = in_process("run", HELLO, *remote)
    assert missing.code == 2
    assert "name is required" in missing.err


@pytest.mark.parametrize(
    ("address", "key", "code", "word"),
    [
        ("", "", "server_key_missing", "needs an API key"),
        ("", "not\na key", "server_key_garbled", "signs that no key has"),
        ("", "wrong", "server_refused", "The server answered 401"),
        ("http://", "k", "server_address_wrong", "not the address of a server"),
        ("closed", "k", "server_unreachable", "does not answer (Connection refused"),
        ("receiver", "k", "server_no_outcode", "is not an Outcode"),
    ],
)
async def test_a_server_that_cannot_be_used_is_told(
    server: Serving, receiver: str, address: str, key: str, code: str, word: str
) -> None:
    closed = f"http://127.0.0.1:{free_port()}"
    url = {"": server.base, "closed": closed, "receiver": receiver}.get(address, address)
    document = read_flow((ROOT / HELLO).read_bytes()).document
    with pytest.raises(Problem) as caught:
        await run_on_server(url, key, document, {"name": "Roy"}, test=False, folder=None)
    assert caught.value.code == code
    assert word in caught.value.message()
    assert caught.value.hint()


def test_files_of_a_result_are_saved_from_here_and_from_the_server(
    server: Serving, receiver: str, tmp_path: Path
) -> None:
    body = json.dumps({"products_url": f"{receiver}/products"})
    common = ["run", PAGES, "--input", body, "--save-files", tmp_path / "out"]
    here = beside(server, *common, OUTCODE_EGRESS_ALLOW=receiver.removeprefix("http://"))
    there = in_process(*common, "--server", server.base, "--key", server.key)
    assert (here.code, there.code) == (0, 0), (here, there)
    assert "products.csv" in here.err
    names = ["products (2).csv", "products.csv"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for name in names:
        rows = list(csv.DictReader((tmp_path / "out" / name).read_text("utf-8-sig").splitlines()))
        assert [row["name"] for row in rows] == [f"Product {number}" for number in range(1, 58)]


def test_a_place_for_files_that_cannot_be_stops_before_anything_runs(server: Serving, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = beside(server, "run", HELLO, "--input", '{"name": "x"}', "--save-files", tmp_path / "file")
    assert said.code == 2
    assert said.err.startswith("Files cannot be saved")


@pytest.mark.parametrize(
    ("by_server", "number", "code"),
    [(False, signal.SIGINT, 130), (True, signal.SIGINT, 130), (False, signal.SIGTERM, 143)],
)
def test_ctrl_c_cancels_the_run_and_says_so(
    server: Serving, tmp_path: Path, by_server: bool, number: signal.Signals, code: int
) -> None:
    flow, log = tmp_path / "slow.yaml", tmp_path / "log"
    flow.write_text(SLOW)
    where = ["--server", server.base, "--key", server.key] if by_server else ["--data-dir", server.folder]
    process = started("run", flow, *where, log=log)
    said = wait_for("a  javascript/function_execution  running", log, process)
    assert stop(process, number) == code
    run = run_id(Said(0, "", said))
    assert f"Run {run}: cancelled." in log.read_text()
    assert "Traceback" not in log.read_text()
    assert found(server, run)["state"] == "cancelled"


def test_export_and_import_give_the_same_document(server: Serving, tmp_path: Path) -> None:
    files = [file for file in sorted((ROOT / "examples").glob("*.yaml")) if "postgresql" not in file.name]
    assert beside(server, "import", *files).code == 0
    exported = tmp_path / "exported.yaml"
    assert beside(server, "export", "Orders to HTTP", "-o", exported).code == 0
    assert read_flow(exported.read_bytes()).document == read_flow((ROOT / ORDERS).read_bytes()).document
    assert beside(server, "import", exported).code == 0
    assert beside(server, "export", "Orders to HTTP").out == exported.read_text("utf-8")


def test_import_is_all_or_nothing(server: Serving, tmp_path: Path) -> None:
    good, taken = tmp_path / "good.yaml", tmp_path / "taken.yaml"
    good.write_text(SLOW.replace("Slow", "Quite new"))
    taken.write_text(SLOW.replace("Slow", "Other") + "trigger: {kind: webhook, name: hello}\n")
    said = beside(server, "import", good, taken)
    assert said.code == 1
    assert "hello" in said.err
    missing = beside(server, "import", good, "examples/webhook-to-postgresql.yaml")
    assert missing.code == 2
    assert "webhook-to-postgresql.yaml:26:17, task b, field connection" in missing.err
    names = {flow["name"] for flow in server.call("GET", "/api/v1/flows", None, server.key)["items"]}
    assert "Hello webhook" in names
    assert "Quite new" not in names


def test_an_export_that_cannot_be_written_leaves_what_was_there(server: Serving, tmp_path: Path) -> None:
    said = beside(server, "export", "Hello webhook", "-o", tmp_path / "nowhere" / "flow.yaml")
    assert said.code == 1
    assert "cannot be written: No such file or directory" in said.err


def test_connections_are_kept_without_showing_their_secrets(server: Serving) -> None:
    fields: dict[str, Any] = {"host": "127.0.0.1", "port": free_port(), "username": "u", "password": "hunter2-secret"}
    wrong = in_process(
        *["connections", "add", "postgresql", "--name", "Shop", "--fields", "-", "--data-dir", server.folder],
        stdin=b'{"password": hunter2-secret}',
    )
    assert wrong.code == 2
    assert "line 1, column 14" in wrong.err
    unknown = beside(server, "connections", "add", "postgresql", "--name", "Shop", "--fields", '{"hots": "x"}')
    assert unknown.code == 2
    add = ["connections", "add", "postgresql", "--name", "Shop", "--fields", "-", "--data-dir", server.folder]
    refused = in_process(*add, stdin=json.dump_bytes(fields))
    assert refused.code == 1
    assert "Shop" not in beside(server, "connections", "list").out
    added = in_process(*add, "--no-test", stdin=json.dump_bytes(fields))
    assert (added.code, added.err) == (0, "Added Shop (postgresql).\n")
    listed = beside(server, "connections", "list")
    tried = beside(server, "connections", "test", "Shop")
    assert re.search(r"^Shop +postgresql +untested", listed.out, re.MULTILINE)
    assert tried.code == 1
    after = json.loads(beside(server, "connections", "list", "--json").out)
    shop = next(each for each in after if each["name"] == "Shop")
    assert (shop["state"], shop["used_by"]) == ("untested", [])
    assert shop["problem"]["message"]
    options = ["--rename", "Store", "--no-test", "--fields"]
    moved = '{"host": "localhost", "username": "u"}'
    kept = beside(server, "connections", "update", "Shop", *options, moved)
    assert kept.code == 2
    assert "Password" in kept.err
    options.append('{"host": "localhost", "username": "u", "password": "hunter2-secret"}')
    changed = beside(server, "connections", "update", "Shop", *options)
    assert (changed.code, changed.err) == (0, "Changed Store (postgresql).\n")
    assert beside(server, "connections", "remove", "Store").code == 0
    told = [wrong, unknown, refused, added, listed, tried, kept, changed]
    assert not [said for said in told if "hunter2" in said.out + said.err]


def test_the_operators_oauth_clients_are_kept_without_showing_their_secrets(server: Serving) -> None:
    where = ["--data-dir", server.folder]
    client = ["admin", "oauth-client", "set", "api", "--client-id", "outcode-1", "--client-secret", "-", *where]
    for secret in (b"s3cret-canary-1\n", b"s3cret-canary-2\n"):
        said = in_process(*client, stdin=secret)
        assert (said.code, said.err) == (0, "Set the OAuth client of api.\n")
    assert in_process(*client, stdin=b"\n").code == 2
    listed = beside(server, "admin", "oauth-client", "list")
    assert re.search(r"^api +outcode-1 +\d{4}-", listed.out, re.MULTILINE)
    assert "canary" not in listed.out
    assert beside(server, "admin", "oauth-client", "remove", "api").code == 0
    assert beside(server, "admin", "oauth-client", "remove", "api").code == 1


def test_keys_and_links_are_results_of_their_own(server: Serving) -> None:
    key = beside(server, "keys", "add", "ci").out.strip()
    assert "items" in server.call("GET", "/api/v1/runs", None, key)
    link = beside(server, "link", "--url", server.base + "/").out.strip()
    assert link.startswith(f"{server.base}/start?token=")


@pytest.mark.parametrize("given", ["'; DROP TABLE runs; --", "01a2009c-1ea6-74bb-95c4-1b07baf119b1"])
def test_a_run_that_is_not_there_is_said(server: Serving, given: str) -> None:
    said = beside(server, "runs", "cancel" if "-" in given[:9] else "show", given)
    assert (said.code, said.out) == (1, "")
    assert "no such run" in said.err


def test_webhooks_have_secrets_samples_and_refusals(server: Serving) -> None:
    hook = f"{server.base}/hooks/outcode/hello"
    made = beside(server, "webhooks", "secret", "Hello webhook")
    assert (made.code, len(made.out.strip()) > 40) == (0, True)
    given = in_process(
        *["webhooks", "secret", "Hello webhook", "--set", "-", "--keep-hours", "1", "--data-dir", server.folder],
        stdin=b"from the vendor's console\n",
    )
    assert (given.code, given.out, given.err) == (0, "", "Set the secret of the webhook of Hello webhook.\n")
    short = beside(server, "webhooks", "secret", "Hello webhook", "--set", "short")
    assert (short.code, "16 to 512" in short.err) == (2, True)
    assert beside(server, "webhooks", "secret", "Nowhere").code == 1

    assert "kept as a sample" in beside(server, "webhooks", "capture", "Hello webhook").err
    request = urllib.request.Request(hook, b'{"name": "Kim"}', {"X-OUTCODE-API-KEY": server.key}, method="POST")
    with urllib.request.urlopen(request) as answer:
        assert json.loads(answer.read()) == {"captured": True}
    shown = json.loads(beside(server, "webhooks", "capture", "Hello webhook", "--show").out)
    assert shown["body"] is not None
    assert server.key not in json.dumps(shown)

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{hook}?key=oc_wrong", b"{}", method="POST"))
    assert refused.value.code == 401
    deadline = time.monotonic() + 30
    while not (listed := json.loads(beside(server, "webhooks", "refusals", "--json").out)):
        assert time.monotonic() < deadline
    assert (listed[0]["flow"], listed[0]["status"], listed[0]["count"]) == ("Hello webhook", 401, 1)
    korean = beside(server, "webhooks", "refusals", "--flow", "Hello webhook", LANG="ko_KR.UTF-8")
    assert re.search(r"Hello webhook +401 +127\.0\.0\.1 +1 +\S*.*키", korean.out), korean
