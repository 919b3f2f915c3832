"""A scratch host: a folder in the place of `/`, and stubs of system commands, which log how they are called.

What the stubs answer is in files of the folder `state`, so that a test can change it between two runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

RELEASE = "v1.36.5+k3s1"

# Every stub logs its call; some also the command lines of all processes that run meanwhile, for tests of secrets.
_HEAD = """#!/bin/bash
folder=@FOLDER@
state=$folder/state
name=@NAME@
echo "$name $*" >>"$folder/log"
case $name in sudo | systemctl | curl) ps -eo args >>"$folder/processes" ;; esac
answer() { if [ -f "$state/$1" ]; then cat "$state/$1"; fi; }
is() { [ -f "$state/$1" ]; }
"""

_STUBS = {
    # What it runs does not see the session's own variables.
    "sudo": """
is sudo-asks && { echo "sudo: a password is required" >&2; exit 1; }
[ "$1" = -n ] && shift
env -u SSH_CONNECTION -u SSH_CLIENT "$@\"""",
    "hostname": "answer hostname",
    "uname": "case $1 in -m) echo x86_64 ;; *) echo 6.8.0-60-generic ;; esac",
    "modprobe": 'if is "no-$name" || [[ $* == *wireguard* ]] && is no-wireguard; then exit 1; fi; true',
    "ip": 'case $* in *" address "*) answer addresses ;; "-4 "*) answer routes ;; esac',
    "ss": 'answer "sockets-${!##*:}"',
    "ufw": "answer ufw",
    "timedatectl": "answer synchronised",
    "df": "echo Avail; answer disk",
    "sysctl": "",
    "update-initramfs": "",
    "sleep": "",
    "pkill": "",
    "umount": "",
    "systemd-run": "",
    "nft": 'cat >/dev/null; is nft-refuses && { echo "Error: syntax error" >&2; exit 1; }; true',
    "iptables-save": 'echo "-A KUBE-SERVICES -j ACCEPT"; echo "-A INPUT -j MINE"',
    "iptables-restore": 'cat >"$state/iptables"',
    "ip6tables-save": "",
    "ip6tables-restore": "cat >/dev/null",
    "gpg": 'cat >/dev/null; echo "fpr:::::::::$(answer fingerprint):"',
    # A unit runs from its start until it is stopped.
    "systemctl": """
for unit in "$@"; do :; done
unit=${unit%.service}
case $1 in
  is-active) is "unit-$unit" ;;
  start | restart | reload-or-restart)
    touch "$state/unit-$unit"
    if [ "$unit" = k3s ]; then mkdir -p "$folder/root/var/lib/rancher/k3s/server/db"; fi ;;
  stop | disable) rm -f "$state/unit-$unit" ;;
  enable) if [[ $* == *--now* ]]; then touch "$state/unit-$unit"; fi ;;
esac""",
    "apt-cache": 'is "package-$2"',
    "dpkg-query": """
for package in "$@"; do :; done
for found in "$state"/installed-$package; do
  [ -e "$found" ] || exit 1
  case $* in *Package}*) echo "installed ${found#*installed-}" ;; *) echo -n installed ;; esac
done""",
    # Installing a package brings the commands that the real one brings.
    "apt-get": """
if [ "$1" = update ]; then
  is apt-locked || exit 0
  rm "$state/apt-locked"
  echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)" >&2
  exit 100
fi
is apt-fails && exit 100
shift
for word in "$@"; do
  case $word in
    -* | Dpkg::* | DPkg::* | install) continue ;;
  esac
  touch "$state/installed-${word%%=*}"
  case $word in
    nvidia-utils-*) cp "$folder/later/nvidia-smi" "$folder/bin/" ;;
    nvidia-container-toolkit=*) cp "$folder/later/nvidia-container-runtime" "$folder/bin/" ;;
  esac
done""",
    "curl": """
output="" url=""
if [[ $* == *--config* ]]; then cat >"$state/request"; is refuses-token && exit 22; exit 0; fi
if [[ $* == *:6443/ping ]]; then is cluster-runs; exit; fi
while [ $# -gt 0 ]; do
  case $1 in --output) output=$2; shift ;; --retry | --connect-timeout) shift ;; --*) ;; *) url=$1 ;; esac
  shift
done
is no-network && exit 7
case $url in
  */sha256sum-*) answer checksums ;;
  */gpgkey) echo "-----BEGIN PGP PUBLIC KEY BLOCK-----" ;;
  */k3s-airgap-images-*) answer images >"$output" ;;
  *) cp "$folder/later/k3s" "$output" ;;
esac""",
}

_LATER = {
    # MIG instances have lines of their own, which are no GPUs.
    "nvidia-smi": """
is driver-runs || exit 9
case $1 in
  --list-gpus) for gpu in $(seq "$(answer gpus)"); do echo "GPU $gpu: NVIDIA"; echo "  MIG 1g.18gb"; done ;;
  *) echo "$(answer driver).82.07" ;;
esac""",
    "nvidia-container-runtime": "",
}

_K3S = """#!/bin/bash
folder=@FOLDER@
case "$*" in
  --version) echo "k3s version @RELEASE@ (abc)"; exit 0 ;;
esac
echo "k3s $*" >>"$folder/log"
[ -f "$folder/state/k3s-fails" ] && exit 1
case "$*" in
  *EtcdIsVoter*) [ -f "$folder/state/learner" ] && echo False || echo True ;;
  *Ready*) echo True ;;
esac
"""


@dataclass(frozen=True, kw_only=True)
class ScratchHost:
    """One scratch host. `install` fills it as a bare Ubuntu server with `gpus` GPUs on its PCI bus."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def environment(self) -> dict[str, str]:
        """What a session on this host sees."""
        path = f"{self.folder / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"ROOT": str(self.root), "PATH": path, "POLLS": "3"}

    @property
    def log(self) -> list[str]:
        return _lines(self.folder / "log")

    @property
    def processes(self) -> str:
        """Command lines that ran while a stub did."""
        return "\n".join(_lines(self.folder / "processes"))

    @property
    def changes(self) -> list[str]:
        """Logged calls that change the host or restart something on it."""
        reading = ("is-active", "--dry-run", "start --no-block", "start ai-platform-firewall.service")
        words = ("systemctl ", "apt-get ", "update-initramfs", "systemd-run", "curl ")
        return [line for line in self.log if line.startswith(words) and not any(word in line for word in reading)]

    def forget(self) -> None:
        for name in ("log", "processes"):
            (self.folder / name).unlink(missing_ok=True)

    def say(self, name: str, content: str = "") -> None:
        """Let stubs answer `content`, or just be in the state `name`."""
        (self.folder / "state" / name).write_text(content)

    def unsay(self, name: str) -> None:
        (self.folder / "state" / name).unlink(missing_ok=True)

    def add_command(self, name: str, body: str, folder: str = "bin") -> None:
        path = self.folder / folder / name
        head = _HEAD.replace("@FOLDER@", str(self.folder)).replace("@NAME@", name)
        path.write_text(f"{head}{body}\n")
        path.chmod(0o755)

    def write(self, path: str, content: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return target

    def release(self, release: str, images: str = "images") -> None:
        """Let the mirror have this release."""
        text = _K3S.replace("@FOLDER@", str(self.folder)).replace("@RELEASE@", release)
        path = self.folder / "later" / "k3s"
        path.write_text(text)
        self.say("images", images)
        sums = {
            "k3s": hashlib.sha256(text.encode()).hexdigest(),
            "k3s-airgap-images-amd64.tar.zst": hashlib.sha256(images.encode()).hexdigest(),
        }
        self.say("checksums", "".join(f"{checksum}  {name}\n" for name, checksum in sums.items()))

    def files(self) -> dict[str, tuple[int, int, bytes]]:
        """Mode, time of change and content of every file below the root."""
        found = [path for path in self.root.rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self.root)): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
            for path in found
        }

    def add_pci_device(self, address: str, device_class: str) -> None:
        self.write(f"sys/bus/pci/devices/{address}/vendor", "0x10de\n")
        self.write(f"sys/bus/pci/devices/{address}/class", f"{device_class}\n")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def new_host(folder: Path, name: str, *, gpus: int = 0) -> ScratchHost:
    """A bare Ubuntu server."""
    host = ScratchHost(folder=folder)
    for part in ("bin", "later", "state", "root"):
        (folder / part).mkdir(parents=True)
    for command, body in _STUBS.items():
        host.add_command(command, body)
    for command, body in _LATER.items():
        host.add_command(command, body, "later")
    host.write("etc/os-release", 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="24.04"\n')
    host.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n")
    host.write("proc/swaps", "Filename\tType\tSize\n")
    host.write("proc/self/mounts", "")
    for index in range(gpus):
        host.add_pci_device(f"0000:0{index}:00.0", "0x030200")
    answers = {
        "hostname": name,
        "routes": "default via 10.20.0.1 dev eth0",
        "addresses": "2: eth0    inet 10.20.0.11/24 brd 10.20.0.255 scope global eth0",
        "installed-curl": "",
        "synchronised": "yes",
        "disk": "500",
        "gpus": str(gpus),
        "driver": "580",
        "fingerprint": "C95B321B61E88C1809C4F759DDCAE044F796ECB0",
    }
    for key, value in answers.items():
        host.say(key, value)
    host.release(RELEASE)
    return host
