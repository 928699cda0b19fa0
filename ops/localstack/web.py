"""One web process: uvicorn on the socket that the supervisor listens on.

Not ``uvicorn --workers``: its master leaves orphans on the port when it is killed. Not ``uvicorn --fd``:
it takes the
socket for a unix one, and connections would lose their peer's address and TCP_NODELAY.
"""

import argparse
import gc
import resource
import socket
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> None:
    """Serve until told to stop."""
    import uvicorn

    from ops.localstack.heads import BoundedHeads
    from server.kernel.settings import settings

    parser = argparse.ArgumentParser(prog="python -m ops.localstack.web")
    parser.add_argument("--fd", type=int, required=True)
    # Each page that is open holds a connection, and most systems give a process 1,024 unless it asks for more.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = socket.socket(fileno=parser.parse_args(arguments).fd)
    config = uvicorn.Config(
        "server.app:create_app",
        factory=True,
        # No access log: addresses bear gateways' tokens and, where a panel can only GET, people's words.
        access_log=False,
        forwarded_allow_ips=settings().proxies,
        server_header=False,
        ws="none",
        http=BoundedHeads,
        lifespan="on",
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    config.load()
    # What is loaded by now lives as long as the process: left out of the collector's rounds, which would otherwise walk
    # over half a million objects again and again while messages wait.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[server])


if __name__ == "__main__":
    main(sys.argv[1:])
