"""Certificates made with openssl, servers that show them, and a world whose
agent is told whom to trust."""

import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading

import harness

HOST = "localhost"


def openssl(*arguments, stdin=None):
    subprocess.run(["openssl", *map(str, arguments)], check=True,
                   capture_output=True, input=stdin)


class Authority:
    """A CA, and what it signs."""

    def __init__(self, folder, name, issuer=None):
        self.folder = folder
        self.cert = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        make_key(self.key)
        if issuer is None:
            openssl("req", "-x509", "-new", "-key", self.key, "-subj",
                    f"/CN={name}", "-days", 30, "-out", self.cert)
        else:
            issuer.sign(name, self.key, self.cert,
                        "basicConstraints=critical,CA:TRUE")

    def sign(self, name, key, cert, extensions, begin=None, end=None,
             digest="-sha256"):
        request = self.folder / "request.csr"
        openssl("req", "-new", "-key", key, "-subj", f"/CN={name}",
                "-out", request)
        settings = self.folder / "ca.cnf"
        (self.folder / "index.txt").write_text("")
        settings.write_text(
            "[ca]\ndefault_ca=d\n[d]\n"
            f"database={self.folder}/index.txt\nnew_certs_dir={self.folder}\n"
            "rand_serial=yes\nunique_subject=no\npolicy=p\nx509_extensions=x\n"
            "[p]\ncommonName=supplied\n"
            "[x]\n" + extensions + "\n")
        dates = ["-startdate", begin, "-enddate", end] if begin else [
            "-days", 30]
        openssl("ca", "-batch", "-config", settings, "-in", request, "-out",
                cert, "-notext", "-cert", self.cert, "-keyfile", self.key,
                "-md", digest[1:], *dates)


def make_key(path, rsa_bits=None):
    if rsa_bits:
        openssl("genrsa", "-out", path, rsa_bits)
    else:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
                "-out", path)


class TlsServer:
    """Accepts, shakes hands, counts what it is asked; answers nothing much."""

    def __init__(self, cert, key, context=None):
        self.context = context or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.requests = []
        self.hands = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.stopping = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            connection, _ = self.listening.accept()
            if self.stopping:
                connection.close()
                return
            self.hands += 1
            connection.settimeout(5)
            try:
                with self.context.wrap_socket(connection,
                                              server_side=True) as tls:
                    request = tls.recv(65536)
                    if not request:
                        continue
                    self.requests.append(request)
                    tls.sendall(b"HTTP/1.1 404 Not Found\r\n"
                                b"Content-Type: application/json\r\n"
                                b"Content-Length: 2\r\n\r\n{}")
            except OSError:
                connection.close()

    def close(self):
        self.stopping = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join()
        self.listening.close()


GOOD = f"subjectAltName=DNS:{HOST}"


class TlsTest(harness.E2eTest):
    """Peers, and an agent that is told whom to trust."""

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.world.root))
        self.ca = Authority(self.folder, "ca")
        self.api_key = self.world.secret("API key", 40)

    def peer(self, extensions=GOOD, ca=None, context=None, rsa_bits=None,
             chain=None, **how):
        """A server whose certificate differs in what is given."""
        key, cert = self.folder / "peer.key", self.folder / "peer.pem"
        make_key(key, rsa_bits)
        (ca or self.ca).sign(HOST, key, cert, extensions, **how)
        if chain:
            cert.write_text(cert.read_text() + chain.read_text())
        server = TlsServer(cert, key, context)
        self.addCleanup(server.close)
        return server

    def self_signed(self):
        key, cert = self.folder / "self.key", self.folder / "self.pem"
        make_key(key)
        openssl("req", "-x509", "-new", "-key", key, "-subj", f"/CN={HOST}",
                "-addext", GOOD, "-days", 30, "-out", cert)
        server = TlsServer(cert, key)
        self.addCleanup(server.close)
        return server

    def read(self, server, host=HOST):
        return self.world.ctl("read", "username", "--no-start",
                              env=self.world.environment(
                                  LIBRETTO_API_URL=f"https://{host}:"
                                  f"{server.port}",
                                  LIBRETTO_API_KEY=self.api_key))

    def start_agent(self, settings="", **environment):
        folder = self.world.home / ".config/libretto"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "agent.toml").write_text(settings)
        agent = subprocess.Popen(
            [harness.BIN / "libretto-agent", "serve", "--log-file",
             self.world.root / "agent.log"],
            env=self.world.environment(**environment), cwd="/")
        self.addCleanup(agent.wait)
        self.addCleanup(agent.terminate)
        harness.wait_for(self.world.socket.exists, "the socket", alive=agent)

    def trusting_the_ca(self):
        return f'ca_file = "{self.ca.cert}"\n'

    def assert_trusted(self, server, **more):
        result = self.read(server, **more)
        self.assertEqual(len(server.requests), 1, result.err)
        self.assertIn(self.api_key.encode(), server.requests[0])

    def assert_refused(self, server):
        result = self.read(server)
        self.assert_explained(result)
        self.assert_exit(6, result)
        self.assertEqual(server.requests, [], "it was asked")
        self.assertGreater(server.hands, 0, "nobody came")
        self.assertNotIn(self.api_key, result.err)
        return result
