"""The measurements of docs/benchmarks.md. Standard library only; prints a Markdown table."""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SERENO, SPEED, CORPUS = sys.argv[1], sys.argv[2], sys.argv[3]
STEPS = 100
STEP = os.environ.get("STEP", "true")
ROUNDS = 7


def timed(command, cwd, env=None):
    """Seconds of one run of a command, which must succeed."""
    begun = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    spent = time.monotonic() - begun
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr.decode(errors='replace')}")
    return spent


def median(command, cwd, rounds=ROUNDS):
    return statistics.median(timed(command, cwd) for _ in range(rounds))


def peak_kib(command, cwd):
    """Peak resident memory of a command and of everything that it started and waited for, in KiB: the largest of them."""
    pid = os.fork()
    if pid == 0:
        os.chdir(cwd)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command}: status {status}")
    return usage.ru_maxrss


def row(what, value, note=""):
    print(f"| {what} | {value} | {note} |")


def main():
    folder = tempfile.mkdtemp(prefix="sereno-bench-")
    try:
        steps = "\n\n".join(f"# {n}. Step {n}\n{STEP}" for n in range(1, STEPS + 1))
        with open(f"{folder}/RUNBOOK.md", "w") as file:
            file.write(f"# Bench\n\n## Hundred\n\n```bash\n{steps}\n```\n")
        with open(f"{folder}/steps.sh", "w") as file:
            file.write(f"{STEP}\n" * STEPS)
        with open(f"{folder}/each.sh", "w") as file:
            file.write(f"bash -c '{STEP}'\n" * STEPS)
        tasks = "".join(f"    - name: Step {n}\n      ansible.builtin.shell: '{STEP}'\n" for n in range(1, STEPS + 1))
        with open(f"{folder}/play.yml", "w") as file:
            file.write(f"- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n{tasks}")

        def fresh():
            """A folder for one run, as a first run has it. Nothing is removed before the end: ext4 makes files slowly for
            seconds after many were removed, and that would be measured instead."""
            place = tempfile.mkdtemp(dir=folder)
            shutil.copy(f"{folder}/RUNBOOK.md", place)
            return place

        print("| what | measured | note |\n|---|---|---|")
        bash = median(["bash", "steps.sh"], folder)
        row(f"bash, one script of {STEPS} × `true`", f"{bash * 1000:.1f} ms")
        each = median(["bash", "each.sh"], folder)
        row(f"bash, {STEPS} × `bash -c true`", f"{each * 1000:.1f} ms", f"{each * 1000 / STEPS:.2f} ms a step")
        sereno = statistics.median(timed([SERENO, "run", "hundred"], fresh()) for _ in range(ROUNDS))
        over = (sereno - bash) * 1000 / STEPS
        row(f"sereno, the same {STEPS} steps, every event durable", f"{sereno * 1000:.0f} ms", f"{over:.2f} ms a step over bash")
        playbook = shutil.which("ansible-playbook")
        if playbook:
            ansible = median([playbook, "play.yml"], folder, rounds=1)
            row(f"ansible-playbook, the same {STEPS} steps", f"{ansible:.1f} s", f"{ansible / sereno:.0f} times sereno")
        else:
            row("ansible-playbook", "skipped", "ansible-core is not installed")
        row("`sereno --version`", f"{median([SERENO, '--version'], folder, 21) * 1000:.1f} ms")
        row("`sereno runbook list`", f"{median([SERENO, 'runbook', 'list'], folder, 21) * 1000:.1f} ms")
        row(f"peak memory of a run of {STEPS} steps", f"{peak_kib([SERENO, 'run', 'hundred'], fresh()) / 1024:.1f} MiB")
        row("release binary", f"{os.path.getsize(SERENO) / 1e6:.1f} MB")
        row("load average when measured", f"{os.getloadavg()[0]:.1f}", f"{os.cpu_count()} cores")
        if CORPUS:
            corpus = pathlib.Path(CORPUS)
            files = sorted(corpus.rglob("*.md")) if corpus.is_dir() else [corpus]
            print(flush=True)
            subprocess.run([SPEED, *files], check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
