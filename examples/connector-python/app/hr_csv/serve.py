"""What every plugin does, whatever it connects: handshake, mutual TLS, log, end.

Nothing here knows of people or groups. README.md says why each step is there.
"""
import base64
import datetime
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from concurrent import futures

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_secrets = set()
_stderr_lock = threading.Lock()


def redact(text):
    """The text without the secrets of the configuration."""
    for secret in _secrets:
        text = text.replace(secret, "(secret)")
    return text


def keep_secret(value):
    """From now on the value appears in no message of this plugin."""
    if value:
        _secrets.add(value)


def log(level, message, **fields):
    """Writes one line that the gateway puts into its own log. Levels: debug, info, warn, error."""
    line = {"@level": level, "@message": redact(message), "@timestamp": datetime.datetime.now(datetime.timezone.utc).isoformat()}
    line.update({name: redact(str(value)) for name, value in fields.items()})
    with _stderr_lock:
        print(json.dumps(line), file=sys.stderr, flush=True)


def unary(function, request):
    """A method with one answer."""
    return grpc.unary_unary_rpc_method_handler(_guarded(function), request.FromString, _bytes)


def stream(function, request):
    """A method with many answers: the function is a generator."""
    return grpc.unary_stream_rpc_method_handler(_guarded_stream(function), request.FromString, _bytes)


def _bytes(message):
    return message if isinstance(message, bytes) else message.SerializeToString()


def _crashed(function, error, context):
    # A status other than OK tells the gateway that the plugin is at fault.
    log("error", "%s failed: %s: %s" % (function.__name__, type(error).__name__, error))
    context.abort(grpc.StatusCode.INTERNAL, redact("%s failed: %s" % (function.__name__, error)))


def _guarded(function):
    def call(request, context):
        try:
            return function(request, context)
        except Exception as error:  # pylint: disable=broad-except
            if not context.is_active():
                raise
            return _crashed(function, error, context)
    return call


def _guarded_stream(function):
    def call(request, context):
        try:
            yield from function(request, context)
        except GeneratorExit:  # the gateway has gone away
            raise
        except Exception as error:  # pylint: disable=broad-except
            if not context.is_active():
                raise
            _crashed(function, error, context)
    return call


class _Empty:
    @staticmethod
    def FromString(data):
        return data


class _Router(grpc.GenericRpcHandler):
    def __init__(self, methods):
        self._methods = methods

    def service(self, details):
        return self._methods.get(details.method)


def _identity(client_certificate):
    """A certificate for this process alone, and credentials that let one client in."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.utcnow()
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1)).not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256()))
    key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    credentials = grpc.ssl_server_credentials(
        [(key_pem, certificate.public_bytes(serialization.Encoding.PEM))],
        root_certificates=client_certificate.encode(), require_client_auth=True)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return credentials, base64.b64encode(der).decode().rstrip("=")


def _leave_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)  # a gateway that was killed could not say goodbye


def run(methods):
    """Serves the methods until the gateway ends the plugin."""
    if os.environ.get("SYNC_GATEWAY_PLUGIN") != "1" or "PLUGIN_CLIENT_CERT" not in os.environ:
        sys.exit("This is a Sync Gateway plugin. The gateway starts it: put it into the gateway's plugin_dir "
                 "and run \"gateway plugins lock\".")
    done = threading.Event()

    def hold(_, context):  # go-plugin reads standard output here; this plugin writes none
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait()
        return
        yield

    def shutdown(_, context):
        done.set()
        return b""

    routes = dict(methods)
    routes["/grpc.health.v1.Health/Check"] = unary(lambda request, context: b"\x08\x01", _Empty)  # SERVING
    routes["/plugin.GRPCStdio/StreamStdio"] = stream(hold, _Empty)
    routes["/plugin.GRPCController/Shutdown"] = unary(shutdown, _Empty)

    threading.Thread(target=_leave_with_parent, args=(os.getppid(),), daemon=True).start()
    credentials, certificate = _identity(os.environ["PLUGIN_CLIENT_CERT"])
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), handlers=(_Router(routes),))
    folder = tempfile.mkdtemp(prefix="gateway-", dir=os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or None)  # mode 0700
    socket = os.path.join(folder, "plugin.sock")
    server.add_secure_port("unix:" + socket, credentials)
    server.start()
    print("1|1|unix|%s|grpc|%s" % (socket, certificate), flush=True)
    done.wait()
    server.stop(1).wait()
    shutil.rmtree(folder, ignore_errors=True)
