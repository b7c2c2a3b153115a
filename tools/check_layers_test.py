#!/usr/bin/env python3
"""check_layers.py refuses what it should and lets the rest pass."""

import unittest

from check_layers import complaint


class CheckLayersTest(unittest.TestCase):

    def assert_allowed(self, path, include):
        self.assertIsNone(complaint(path, include))

    def assert_refused(self, path, include):
        self.assertIsNotNone(complaint(path, include))

    def test_a_file_sees_itself_its_core_and_base(self):
        self.assert_allowed("agent/rpc/status.cc", "agent/rpc/status.h")
        self.assert_allowed("agent/rpc/status.cc", "agent/core/broker.h")
        self.assert_allowed("agent/rpc/status.cc", "base/errors.h")

    def test_a_neighbour_is_refused(self):
        self.assert_refused("agent/rpc/status.cc", "agent/net/listener.h")
        self.assert_refused("client/delivery/env.cc", "client/transport/x.h")

    def test_upward_is_refused(self):
        self.assert_refused("agent/core/broker.cc", "agent/rpc/status.h")
        self.assert_refused("base/files.cc", "agent/core/broker.h")

    def test_another_column_is_refused(self):
        self.assert_refused("client/commands/read.cc", "agent/core/broker.h")
        self.assert_refused("tests/client/read_test.cc", "cloud/core/user.h")

    def test_a_library_enters_at_its_place_alone(self):
        self.assert_allowed("agent/net/listener.cc", "asio/io_context.hpp")
        self.assert_refused("agent/core/broker.cc", "asio/io_context.hpp")
        self.assert_refused("cloud/core/user.cc", "soci/soci.h")
        self.assert_refused("agent/rpc/status.cc", "absl/status/status.h")
        self.assert_refused("agent/core/broker.cc", "some/other/library.h")

    def test_the_core_does_not_see_the_system(self):
        self.assert_refused("agent/core/session.cc", "sys/socket.h")
        self.assert_refused("cloud/core/user.cc", "unistd.h")
        self.assert_allowed("agent/core/session.cc", "optional")
        self.assert_allowed("agent/net/listener.cc", "sys/socket.h")

    def test_the_api_is_for_the_edges(self):
        self.assert_allowed("agent/rpc/a.cc", "libretto/agent/v1/a.pb.h")
        self.assert_allowed("agent/rpc/a.cc",
                            "grpc/health/v1/health.pb.h")
        self.assert_refused("agent/rpc/a.cc", "grpcpp/grpcpp.h")
        self.assert_allowed("client/transport/a.cc", "libretto/agent/v1/a.pb.h")
        self.assert_refused("client/transport/a.cc",
                            "libretto/agent/v1/a.grpc.pb.h")
        self.assert_refused("agent/core/a.cc", "libretto/agent/v1/a.pb.h")

    def test_json_is_for_those_who_need_it(self):
        self.assert_allowed("agent/remote/reply.cc", "base/json.h")
        self.assert_refused("agent/core/broker.cc", "base/json.h")
        self.assert_refused("base/files.cc", "base/json.h")
        self.assert_refused("agent/remote/reply.cc", "nlohmann/json.hpp")

    def test_public_headers_show_nothing_of_what_is_inside(self):
        self.assert_allowed("client/cpp/include/libretto/client.h",
                            "libretto/secret.h")
        self.assert_refused("client/cpp/include/libretto/secret.h",
                            "base/secret.h")
        self.assert_refused("client/cpp/include/libretto/client.h",
                            "absl/status/status.h")
        self.assert_allowed("client/cpp/client.cc", "libretto/client.h")
        self.assert_refused("client/commands/app.cc", "libretto/client.h")

    def test_products_do_not_include_tests(self):
        self.assert_refused("base/clock.cc", "tests/fakes/manual_clock.h")
        self.assert_allowed("tests/base/a_test.cc",
                            "tests/fakes/manual_clock.h")

    def test_a_folder_outside_the_table_is_refused(self):
        self.assert_refused("agent/misc/helper.cc", "base/errors.h")


if __name__ == "__main__":
    unittest.main()
