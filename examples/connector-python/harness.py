#!/usr/bin/env python3
"""The harness of the CSV source: it writes exports as the conformance kit wants to see them.

A process of its own that speaks the protocol of docs/conformance.md: one line of JSON
with the address of its control API, then HTTP until standard input closes.
"""
import csv
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = tempfile.mkdtemp(prefix="hr-export-")
SEAL = "seal-of-the-pretend-personnel-system"
COMPANY = {"users": [], "groups": []}


def write(name, header, rows):
    """Writes one file with its last line, under another name first: nobody reads half of it."""
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(rows)
    body = text.getvalue().encode().rstrip(b"\n")
    last = "#rows,%d,%s\n" % (len(rows), hashlib.sha256(SEAL.encode() + body).hexdigest())
    path = os.path.join(FOLDER, name + ".csv")
    with open(path + ".new", "wb") as f:
        f.write(body + b"\n" + last.encode())
    os.replace(path + ".new", path)


def seed(company):
    """Ids are kept as they are."""
    COMPANY.update(users=company.get("users") or [], groups=company.get("groups") or [])
    fields = ("id", "username", "email", "display_name", "given_name", "family_name")
    extra = sorted({name for u in COMPANY["users"] for name in u.get("attributes") or {}})
    write("people", fields + ("active",) + tuple(extra),
          [[u.get(f, "") for f in fields] + [str(u["active"]).lower()] + [(u.get("attributes") or {}).get(n, "") for n in extra]
           for u in COMPANY["users"]])
    write("groups", ("id", "name", "description"), [[g["id"], g["name"], g.get("description", "")] for g in COMPANY["groups"]])
    write("members", ("group_id", "user_id", "child_group_id"),
          [[g["id"], u, ""] for g in COMPANY["groups"] for u in g.get("users") or []] +
          [[g["id"], "", c] for g in COMPANY["groups"] for c in g.get("groups") or []])
    return {"ids": {}}


class Control(BaseHTTPRequestHandler):
    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/state":
            return self.answer(200, COMPANY)
        return self.answer(404, {"error": "there is no " + self.path})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        if self.path == "/seed":
            return self.answer(200, seed(body))
        return self.answer(404, {"error": "there is no " + self.path})

    def log_message(self, *args):
        pass


seed(COMPANY.copy())
server = ThreadingHTTPServer(("127.0.0.1", 0), Control)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({
    "protocol": 1,
    "control": "http://127.0.0.1:%d" % server.server_address[1],
    "config": {"folder": FOLDER, "seal": SEAL},
}), flush=True)
sys.stdin.read()
shutil.rmtree(FOLDER, ignore_errors=True)
