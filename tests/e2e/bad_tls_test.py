"""A server that cannot prove who it is gets no request, and no variable of the
environment changes that.

Fourteen bad peers, made with openssl; each is wrong in one thing alone, so that
the same peer without it (the first of all) is trusted. Twelve variables.
"""

import ssl
import subprocess

import harness
import tls_world
from tls_world import Authority, TlsServer, openssl


def weak_context(ciphers, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    context.minimum_version = version[0]
    context.maximum_version = version[1]
    return context


V = ssl.TLSVersion
ANY = (V.MINIMUM_SUPPORTED, V.MAXIMUM_SUPPORTED)


class BadTlsTest(tls_world.TlsTest):

    def bad_peers(self):
        other = Authority(self.folder, "other")
        middle = Authority(self.folder, "middle", issuer=self.ca)
        # "localhost" NUL ".evil.test", as a name that C would cut short.
        nul = b"localhost\0.evil.test"
        name = bytes([0x82, len(nul)]) + nul
        sequence = bytes([0x30, len(name)]) + name
        wants_client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        wants_client.verify_mode = ssl.CERT_REQUIRED
        wants_client.load_verify_locations(self.ca.cert)
        weak = "ALL:@SECLEVEL=0"
        yield "expired", self.peer(begin="20200101000000Z", end="20200201000000Z")
        yield "not yet valid", self.peer(begin="20990101000000Z",
                                         end="20990201000000Z")
        yield "another host", self.peer("subjectAltName=DNS:other.test")
        yield "self-signed", self.self_signed()
        yield "an unknown CA", self.peer(ca=other)
        yield "a NUL in the name", self.peer(
            "subjectAltName=DER:" + ":".join(f"{b:02x}" for b in sequence))
        yield "a wildcard for all", self.peer(
            "subjectAltName=DNS:*,DNS:l*,DNS:*host")
        yield "another address", self.peer("subjectAltName=IP:127.0.0.2")
        yield "1024 bits", self.peer(rsa_bits=1024,
                                     context=weak_context(weak, ANY))
        yield "SHA-1", self.peer(digest="-sha1",
                                 context=weak_context(weak, ANY))
        yield "TLS 1.1", self.peer(context=weak_context(
            weak, (V.TLSv1, V.TLSv1_1)))
        yield "no encryption", self.peer(context=weak_context(
            "eNULL:@SECLEVEL=0", (V.TLSv1_2, V.TLSv1_2)))
        yield "a missing intermediate", self.peer(ca=middle)
        yield "asks for our certificate", self.peer(context=wants_client)

    def test_fourteen_peers_that_cannot_be_trusted_are_not_asked(self):
        self.start_agent(self.trusting_the_ca())
        self.assert_trusted(self.peer())
        middle = Authority(self.folder, "trusted", issuer=self.ca)
        self.assert_trusted(self.peer(ca=middle, chain=middle.cert))
        count = 0
        for name, server in self.bad_peers():
            count += 1
            with self.subTest(name):
                self.assert_refused(server)
        self.assertEqual(count, 14)

    def test_the_reason_and_the_way_out_are_named(self):
        self.start_agent()
        result = self.assert_refused(self.peer())
        self.assertIn("cannot trust localhost", result.err)
        self.assertIn("ca_file", result.err)

    def test_the_flag_wins_over_the_file(self):
        other = Authority(self.folder, "other")
        agent = subprocess.Popen(
            [harness.BIN / "libretto-agent", "serve", "--ca-file", other.cert],
            env=self.world.environment(), cwd="/", stderr=subprocess.DEVNULL)
        self.addCleanup(agent.wait)
        self.addCleanup(agent.terminate)
        harness.wait_for(self.world.socket.exists, "the socket", alive=agent)
        self.assert_trusted(self.peer(ca=other))
        self.assert_refused(self.peer())

    def test_a_ca_file_that_is_none_stops_the_start(self):
        empty = self.world.root / "empty.pem"
        empty.write_text("")
        for path, why in ((empty, "no certificate"),
                          (self.world.root / "none.pem", "CA file"),
                          ("relative.pem", "absolute")):
            result = self.world.run(
                [str(harness.BIN / "libretto-agent"), "serve", "--ca-file",
                 str(path)])
            self.assert_explained(result)
            self.assertIn(why, result.err)

    def test_twelve_variables_change_nothing(self):
        other = Authority(self.folder, "other")
        hashed = self.folder / "hashed"
        hashed.mkdir()
        (hashed / "other.pem").write_text(other.cert.read_text())
        openssl("rehash", hashed)
        weak = self.folder / "weak.cnf"
        weak.write_text("openssl_conf=a\n[a]\nssl_conf=b\n[b]\n"
                        "system_default=c\n[c]\nMinProtocol=TLSv1\n"
                        "CipherString=ALL:@SECLEVEL=0\n")
        proxy = TlsServer(self.ca.cert, self.ca.key)
        self.addCleanup(proxy.close)
        through = f"http://127.0.0.1:{proxy.port}"
        key_log = self.folder / "keys.log"
        knobs = {
            "SSL_CERT_FILE": other.cert, "SSL_CERT_DIR": hashed,
            "CURL_CA_BUNDLE": other.cert, "SSLKEYLOGFILE": key_log,
            "OPENSSL_CONF": weak, "http_proxy": through,
            "https_proxy": through, "HTTP_PROXY": through,
            "HTTPS_PROXY": through, "ALL_PROXY": through,
            "all_proxy": through, "NO_PROXY": "nothing.test"}
        self.assertEqual(len(knobs), 12)
        self.start_agent(self.trusting_the_ca(),
                         **{name: str(value) for name, value in knobs.items()})
        self.assert_trusted(self.peer())
        self.assert_refused(self.peer(ca=other))
        self.assert_refused(self.peer(
            rsa_bits=1024, context=weak_context("ALL:@SECLEVEL=0", ANY)))
        self.assert_refused(self.peer(context=weak_context(
            "ALL:@SECLEVEL=0", (V.TLSv1, V.TLSv1_1))))
        self.assertEqual(proxy.hands, 0, "a proxy was used")
        self.assertFalse(key_log.exists())


if __name__ == "__main__":
    harness.main()
