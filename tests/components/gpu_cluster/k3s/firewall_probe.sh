#!/usr/bin/env bash
# Builds a node with one pod, and a network around it, in namespaces; loads the rules from standard input into the node,
# and prints `<from> <to>` for every connection that gets through. Run by tests as root of a namespace of its own.
set -euo pipefail

mount -t tmpfs tmpfs /run
for name in node pod around; do
  ip netns add "$name"
  ip -n "$name" link set lo up
done

# The network around: other nodes, administrators, clients, strangers, and a server on the internet.
ip link add eth0 netns node type veth peer name eth0 netns around
ip -n node address add 10.20.0.1/24 dev eth0
ip -n node link set eth0 up
ip -n around link set eth0 up
for address in 10.20.0.2/24 10.9.0.1/32 10.8.0.1/32 198.51.100.1/32 192.0.2.1/32; do
  ip -n around address add "$address" dev eth0
done
ip -n node route add default via 10.20.0.2
ip -n around route add 10.42.0.0/16 via 10.20.0.1
ip -n around route add 10.20.0.100/32 via 10.20.0.1

# The pod, behind the bridge of k3s.
ip link add cni0 netns node type veth peer name eth0 netns pod
ip -n node address add 10.42.0.1/24 dev cni0
ip -n node link set cni0 up
ip -n pod address add 10.42.0.5/24 dev eth0
ip -n pod link set eth0 up
ip -n pod route add default via 10.42.0.1
ip netns exec node sysctl --quiet --write net.ipv4.ip_forward=1

# A published service as kube-proxy makes it, and a port of it that is not meant for clients.
ip netns exec node nft --file - <<'RULES'
table ip services {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr 10.20.0.100 tcp dport { 80, 5432 } dnat to 10.42.0.5:8080
  }
}
RULES
ip netns exec node nft --file -

listen() { # listen <namespace> <port>...
  local namespace=$1
  shift
  ip netns exec "$namespace" python3 - "$@" <<'PYTHON' &
import socket, sys, threading
for port in map(int, sys.argv[1:]):
    server = socket.create_server(("0.0.0.0", port), backlog=64)
    threading.Thread(target=lambda s=server: [s.accept()[0].close() for _ in iter(int, 1)]).start()
PYTHON
}
listen node 22 6443 10250
listen pod 8080
listen around 9000
trap 'kill $(jobs -p)' EXIT
sleep 0.5

ip netns exec around python3 - <<'PYTHON'
import concurrent.futures, socket
SOURCES = {"node": "10.20.0.2", "admin": "10.9.0.1", "client": "10.8.0.1", "stranger": "198.51.100.1"}
TARGETS = {f"node:{port}": ("10.20.0.1", port) for port in (22, 6443, 10250)}
TARGETS |= {f"service:{port}": ("10.20.0.100", port) for port in (80, 5432)} | {"pod:8080": ("10.42.0.5", 8080)}
def probe(source, target):
    try:
        socket.create_connection(TARGETS[target], timeout=1, source_address=(SOURCES[source], 0)).close()
        return f"{source} {target}"
    except OSError:
        return None
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    jobs = [pool.submit(probe, source, target) for source in SOURCES for target in TARGETS]
    print("\n".join(filter(None, (job.result() for job in jobs))))
PYTHON

probe() { # probe <namespace> <name> <address> <port>
  if ip netns exec "$1" timeout 1 bash -c "exec 3<>/dev/tcp/$3/$4" 2>/dev/null; then echo "$2"; fi
}
probe pod "pod node:10250" 10.42.0.1 10250
probe pod "pod outside" 192.0.2.1 9000
probe node "host outside" 192.0.2.1 9000
