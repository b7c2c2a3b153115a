"""Warm calls: the agent beside a bare gRPC server, and two clients."""

from measure import Row, alternate
from stage import BIN, EVERYWHERE, PINNED, json_of, set_affinity

ECHO = "bare grpc++ callback echo over a Unix socket, the same client"


def rows(stage, effort):
    stage.start_echo()
    yield from latency(stage, effort)
    yield from throughput(stage, effort)


def pin(stage, cores):
    for pid in (stage.world.agent_pid(), stage.echo.pid):
        set_affinity(pid, cores)


def latency(stage, effort):
    calls = effort(4000, 1000)

    def ask(program, socket):
        return lambda: json_of([BIN / program[0], *program[1:], socket, "warm",
                                calls], pinned=True)

    ours = ("bench_get_client", "latency")
    agent = stage.world.socket
    pin(stage, PINNED)
    by_agent, by_echo, by_stub, stub_echo = alternate(
        effort(11, 5), ask(ours, agent), ask(ours, stage.echo_socket),
        ask(("bench_stub_client",), agent),
        ask(("bench_stub_client",), stage.echo_socket))
    pin(stage, EVERYWHERE)

    def each(results, field):
        return [result[field] for result in results]

    for field, name in (("p50_us", "p50"), ("p99_us", "p99")):
        with_stub = Row("", "", "", 0, each(by_stub, field),
                        each(stub_echo, field))
        yield Row(f"get_{name}", f"warm Get through the agent, {name}, both "
                  "ends on one core", ECHO, 1.20, each(by_agent, field),
                  each(by_echo, field), "µs",
                  note="with gRPC's own stub as the client: "
                  f"{with_stub.value():.2f}")
    yield Row("transport", "warm call of client/transport",
              "grpc++ synchronous stub, the same agent", 0.6,
              each(by_agent, "p50_us"), each(by_stub, "p50_us"), "µs")


def throughput(stage, effort):
    for processes in (8, 64):
        def ask(socket, count=processes):
            return lambda: json_of(
                [BIN / "bench_get_client", "throughput", socket, "warm", count,
                 effort(1000, 500)])["per_second"]
        by_agent, by_echo = alternate(
            effort(7, 3), ask(stage.world.socket), ask(stage.echo_socket))
        yield Row(f"throughput_{processes}",
                  f"warm Gets per second, {processes} client processes", ECHO,
                  0.90, by_agent, by_echo, "/s", at_least=True)
