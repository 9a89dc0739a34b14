"""Follows the logs of five services, each of which writes 5,000 numbered lines a second, and says whether a line was lost or came
twice, how late lines came, and what memory and processor it took. Standard library only; prints a row of Markdown.

Usage: python3 scripts/bench-logs.py PATH-OF-SERENO process|compose [SECONDS [LINES-PER-SECOND]]
Compose needs a Docker Engine and the image debian:bookworm-slim; the machine needs perl."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

SERENO, PLATFORM = os.path.abspath(sys.argv[1]), sys.argv[2]
SECONDS = int(sys.argv[3]) if len(sys.argv) > 3 else 30
RATE = int(sys.argv[4]) if len(sys.argv) > 4 else 5000
SERVICES = [f"s{n}" for n in range(1, 6)]
LIMIT = SECONDS + 90
# The services are up and followed when the first line is written.
LEAD = int(os.environ.get("LEAD", "12"))

# What is due is written every five milliseconds, with the machine's uptime, which is the same in a container.
WRITER = r"""
my ($name, $rate, $seconds, $start) = @ARGV; $| = 1;
sub now { open my $f, '<', '/proc/uptime'; (split ' ', <$f>)[0] }
select undef, undef, undef, 0.05 while now() < $start;
my ($begun, $n, $all) = (now(), 0, $rate * $seconds);
while ($n < $all) {
  my $at = now(); my $due = int(($at - $begun) * $rate); $due = $all if $due > $all; my $out = '';
  $out .= sprintf("%s %07d %.2f GET /api/v1/orders/%d 200 12ms tenant=acme\n", $name, $n, $at, $n), $n++ while $n < $due;
  print $out; select undef, undef, undef, 0.005;
}
print "$name over\n"; sleep 1000;
"""
LINE = re.compile(rb"(s\d) (?:(\d{7}) (\d+\.\d\d) |over)")


def uptime():
    return float(pathlib.Path("/proc/uptime").read_text().split()[0])


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def processor(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def begin(folder):
    """Starts the writers, and gives the command that ends them; none for keepers."""
    start = f"{uptime() + LEAD:.2f}"
    command = lambda name: ["perl", "-e", WRITER, name, str(RATE), str(SECONDS), start]
    if PLATFORM == "process":
        tables = [f"[[processes]]\nname = '{n}'\ncommand = {json.dumps(command(n))}\nrestart = 'never'\n" for n in SERVICES]
        pathlib.Path(folder, "sereno.toml").write_text("\n".join(tables))
        end = None
    else:
        escaped = lambda name: [word.replace("$", "$$") for word in command(name)]
        services = {n: {"image": "debian:bookworm-slim", "init": True, "command": escaped(n)} for n in SERVICES}
        text = json.dumps({"version": "2.4", "services": services})
        pathlib.Path(folder, "docker-compose.yml").write_text(text)
        end = ["docker-compose", "down", "-t", "0"]
    up = [SERENO, "up", "--yes"] if PLATFORM == "process" else ["docker-compose", "up", "-d"]
    subprocess.run(up, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    if uptime() > float(start):
        print("the services were slow to come up: the first lines are read late (LEAD=SECONDS gives more time)", file=sys.stderr)
    return end


def end_keepers(folder):
    """A stop would need a second person's yes: the keepers are asked to end, and end what they keep."""
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
            if b"__keeper" in words and any(word.startswith(folder.encode() + b"/") for word in words):
                os.kill(int(entry.parent.name), signal.SIGTERM)
        except (FileNotFoundError, ProcessLookupError):
            pass  # It has ended by itself.


def follow(folder):
    command = [SERENO, "logs", "--follow", "--raw", "--tail", "100000000"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE)


def main():
    folder = tempfile.mkdtemp(prefix="sereno-logs-")
    end = begin(folder)
    reader = follow(folder)
    expected, over = dict.fromkeys(SERVICES, 0), set()
    lost, doubled, late, memory = 0, 0, [], []
    begun, rest = time.monotonic(), b""
    try:
        while len(over) < len(SERVICES) and time.monotonic() - begun < LIMIT:
            piece = os.read(reader.stdout.fileno(), 1 << 16)
            if not piece:
                break
            now = uptime()
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            for line in lines:
                found = LINE.search(line)
                if not found:
                    continue
                name = found[1].decode()
                if found[2] is None:
                    over.add(name)
                    continue
                number = int(found[2])
                lost += max(0, number - expected[name])
                doubled += number < expected[name]
                expected[name] = max(expected[name], number + 1)
            if lines and found and found[3]:
                late.append(now - float(found[3]))
            if time.monotonic() - begun > len(memory):
                memory.append(resident(reader.pid))
        spent = processor(reader.pid)
    finally:
        reader.kill()
        reader.wait()
        if end:
            subprocess.run(end, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        else:
            end_keepers(folder)
    # What was not read before the time was up is no gap: the machine was too slow.
    unread = sum(RATE * SECONDS - count for count in expected.values())
    late.sort()
    if not late:
        sys.exit("no line came")
    at = lambda share: late[min(len(late) - 1, int(len(late) * share))] * 1000
    whole = sum(expected.values())
    print(
        f"| `logs --follow`, five services, {RATE} lines/s each for {SECONDS} s, {PLATFORM} | {whole} lines, {lost} lost, {doubled} twice, {unread} not read in time; "
        f"late {at(0.5):.0f} ms (median), {at(0.99):.0f} ms (p99) | memory {memory[min(3, len(memory) - 1)]:.1f} MiB after 3 s, "
        f"{max(memory):.1f} MiB at most; {spent / max(1, time.monotonic() - begun) * 100:.0f} % of a processor; load {os.getloadavg()[0]:.1f} |"
    )
    sys.exit(0 if lost == 0 and unread == 0 and doubled == 0 and len(over) == len(SERVICES) else 1)


main()
