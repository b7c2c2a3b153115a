"""Mails reach a real SMTP server (aiosmtpd): plainly on loopback, over TLS
elsewhere and never without it; one that cannot go now goes later."""

import email
import email.policy
import re
import socket
import ssl
import subprocess
import sys
import unittest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import harness

# An address of a network namespace that this file makes for itself: to a
# loopback address mails go without TLS.
ELSEWHERE = "192.0.2.1"


class MailServer:
    """Keeps what it is given."""

    def __init__(self, host="127.0.0.1", **options):
        self.mails = []
        self.logins = []
        self.controller = Controller(self, hostname=host, port=free_port(host),
                                     authenticator=self.authenticate,
                                     **options)
        self.controller.start()
        self.port = self.controller.port

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope, session.ssl is not None))
        return "250 taken"

    def authenticate(self, server, session, envelope, mechanism, login):
        self.logins.append((login.login, login.password))
        return AuthResult(success=True)

    def stop(self):
        self.controller.stop()

    def wait_for_mail(self, what):
        harness.wait_for(lambda: self.mails, what)
        return self.mails[-1]


def free_port(host):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def certificate_for(world, name):
    """A certificate that vouches for itself, and its key."""
    certificate, key = world.root / "mail.crt", world.root / "mail.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=mail",
         "-addext", f"subjectAltName={name}", "-keyout", key, "-out",
         certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


class MailTest(harness.E2eTest):
    def cloud_with_mail(self, url, *more):
        self.world.start_cloud("--mail", url, "--mail-from",
                               "Libretto <no-reply@cloud.test>", *more)
        self.world.must("agent", "start")

    def sign_up(self):
        self.world.must("cloud", "auth", "signup", "--name", "Casey",
                        "--email", self.world.email, "--organization",
                        "Example", "--password-stdin", "--no-wait",
                        stdin=self.world.password)

    def mail_server(self, **options):
        server = MailServer(**options)
        self.addCleanup(server.stop)
        return server

    def password_file(self, text):
        path = self.world.root / "mail-password"
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path


class SmtpMailTest(MailTest):
    def test_the_link_in_the_mail_verifies(self):
        server = self.mail_server()
        self.cloud_with_mail(f"smtp://127.0.0.1:{server.port}")
        self.sign_up()
        envelope, _ = server.wait_for_mail("the mail")
        self.assertEqual(envelope.mail_from, "no-reply@cloud.test")
        self.assertEqual(envelope.rcpt_tos, [self.world.email])
        mail = email.message_from_bytes(envelope.content,
                                        policy=email.policy.default)
        self.assertEqual(mail["From"], "Libretto <no-reply@cloud.test>")
        text = mail.get_body(["plain"]).get_content()
        link = re.search(r"^http\S+", text, re.MULTILINE).group()
        self.assertIn(link.replace("&", "&amp;"),
                      mail.get_body(["html"]).get_content())
        self.world.follow(link)
        self.assertIn("Logged in", self.world.log_in())

    def test_a_mail_that_cannot_go_now_does_not_hold_up_its_request(self):
        host, port = "127.0.0.1", free_port("127.0.0.1")
        self.cloud_with_mail(f"smtp://{host}:{port}")
        self.sign_up()
        self.world.stop_cloud()
        log = self.world.cloud_log.read_text()
        self.assertIn("mail not sent: 1 not delivered before the stop", log)

    def test_it_logs_in_with_the_password_from_a_file(self):
        password = self.world.secret("password of the mail server")
        server = self.mail_server(auth_require_tls=False)
        self.cloud_with_mail(f"smtp://robot%40x@127.0.0.1:{server.port}",
                             "--mail-password-file",
                             self.password_file(password))
        self.sign_up()
        server.wait_for_mail("the mail")
        self.assertEqual(server.logins, [(b"robot@x", password.encode())])
        self.world.stop_cloud()
        self.assertNotIn(password, self.world.cloud_log.read_text())

    def test_smtps_wants_a_certificate_that_it_can_check(self):
        certificate, context = certificate_for(self.world, "IP:127.0.0.1")
        server = self.mail_server(ssl_context=context)
        url = f"smtps://127.0.0.1:{server.port}"
        self.cloud_with_mail(url)
        self.sign_up()
        self.world.wait_for_cloud_log("mail not sent: the mail server "
                                      "127.0.0.1 did not take it")
        self.assertEqual(server.mails, [])
        self.world.stop_cloud()
        self.world.start_cloud("--mail", url, "--mail-from", "a@cloud.test",
                               "--mail-ca-file", certificate)
        self.world.log_in()  # Sends another, because nothing is verified yet.
        server.wait_for_mail("the mail over TLS")

    def test_what_is_missing_is_said_at_the_start(self):
        for options, wants in [
            (["--mail", "smtp://127.0.0.1"], "--mail-from"),
            (["--mail", "smtp://u:p@127.0.0.1", "--mail-from", "a@b"],
             "--mail-password-file"),
            (["--mail", "smtp://u@127.0.0.1", "--mail-from", "a@b"],
             "--mail-password-file"),
            (["--mail", "pigeon:x"], "outbox:"),
            (["--mail", "smtp://127.0.0.1/x", "--mail-from", "a@b"], "smtp://"),
            (["--mail", "smtp://127.0.0.1", "--mail-from", "a\nb@c"],
             "--mail-from"),
        ]:
            with self.subTest(options=options):
                done = self.world.run([harness.BIN / "libretto-cloud", "serve",
                                       "--listen", "127.0.0.1:0", "--db",
                                       f"sqlite:{self.world.root}/x.db",
                                       *options])
                self.assertEqual(done.code, 1)
                self.assertIn(wants, done.err)
                self.assertNotIn(":p@", done.err)

    # In a network namespace of its own; see main().

    def elsewhere(self, test):
        inner = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--net", sys.executable,
             __file__, "--elsewhere", test], capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL)
        if inner.returncode == harness.SKIPPED or "unshare" in inner.stderr:
            self.skipTest("no network namespace can be made here: "
                          + inner.stderr.strip())
        self.assertEqual(inner.returncode, 0, inner.stderr)

    def test_to_another_machine_it_begins_tls(self):
        self.elsewhere("ElsewhereTest.with_tls")

    def test_to_another_machine_nothing_goes_without_tls(self):
        self.elsewhere("ElsewhereTest.without_tls")


class ElsewhereTest(MailTest):
    def with_tls(self):
        certificate, context = certificate_for(self.world, f"IP:{ELSEWHERE}")
        server = self.mail_server(host=ELSEWHERE, tls_context=context)
        self.cloud_with_mail(f"smtp://{ELSEWHERE}:{server.port}",
                             "--mail-ca-file", certificate)
        self.sign_up()
        _, over_tls = server.wait_for_mail("the mail")
        self.assertTrue(over_tls)

    def without_tls(self):
        password = self.world.secret("password of the mail server")
        server = self.mail_server(host=ELSEWHERE, auth_require_tls=False)
        self.cloud_with_mail(f"smtp://u@{ELSEWHERE}:{server.port}",
                             "--mail-password-file",
                             self.password_file(password))
        self.sign_up()
        self.world.wait_for_cloud_log("mail not sent: the mail server")
        self.assertEqual((server.mails, server.logins), ([], []))


def bring_up_loopback():
    """127.0.0.1 and ELSEWHERE, in a fresh network namespace."""
    import fcntl
    import struct
    set_address, get_flags, set_flags, up = 0x8916, 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for name, address in (("lo", "127.0.0.1"), ("lo:1", ELSEWHERE)):
            request = struct.pack("16sHH4s8x", name.encode(), socket.AF_INET,
                                  0, socket.inet_aton(address))
            fcntl.ioctl(control, set_address, request)
            request = struct.pack("16sh14x", name.encode(), 0)
            flags = struct.unpack("16sh14x", fcntl.ioctl(
                control, get_flags, request))[1]
            fcntl.ioctl(control, set_flags, struct.pack(
                "16sh14x", name.encode(), flags | up))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--elsewhere"]:
        bring_up_loopback()
        suite = unittest.defaultTestLoader.loadTestsFromName(
            sys.argv[2], sys.modules[__name__])
        outcome = unittest.TextTestRunner().run(suite)
        sys.exit(0 if outcome.wasSuccessful() else 1)
    harness.main()
