"""Programs that stand before an engine in the start of its container: those that prepare, and those that start another."""

SETUP: frozenset[str] = frozenset((
    "pip", "pip3", "uv", "apt", "apt-get", "apk", "yum", "dnf", "conda", "mkdir", "cp", "mv", "rm", "ln", "chmod",
    "chown", "touch", "ls", "cat", "cd", "pwd", "export", "set", "unset", "source", ".", "echo", "printf", "ulimit",
    "umask", "true", "false", ":", "test", "[", "[[", "trap", "wait", "date", "env", "id", "whoami", "hostname",
    "ip", "ifconfig", "sysctl", "ldconfig", "tar", "unzip", "sed", "awk", "grep", "find", "head", "wc", "tee",
    "kill", "pkill", "exit", "return", "shift", "read", "local", "declare", "alias", "eval", "git", "curl", "nc",
    "until", "jq", "modprobe", "mount", "df", "du", "free", "ps", "which", "command", "type", "getent", "nslookup",
    "dig", "ping", "service", "ldd", "install", "patch", "nohup", "disown", "bg", "fg", "shopt", "python-config",
))  # fmt: skip
"""Programs that prepare or report and then end: they decide nothing about the container."""

WRAPPERS: frozenset[str] = frozenset((
    "env", "exec", "nohup", "nice", "ionice", "tini", "tini-static", "dumb-init", "catatonit", "numactl", "taskset",
    "stdbuf", "timeout", "sudo", "su-exec", "gosu", "setpriv", "setsid", "chrt", "time", "nsys", "ncu", "rocprof",
    "rocprofv3", "opentelemetry-instrument", "ddtrace-run", "newrelic-admin", "uv", "poetry", "pdm", "hatch",
    "conda", "mamba", "micromamba", "mpirun", "mpiexec", "srun", "torchrun", "accelerate", "catchsegv", "xvfb-run",
    "prlimit", "nvidia_entrypoint.sh", "command", "unshare", "chroot", "vault-env", "infisical", "doppler",
    "aws-vault", "op", "symmetric-run", "jemalloc.sh", "py-spy", "memray", "strace", "gdb", "valgrind", "eatmydata",
    "trtllm-llmapi-launch",
))  # fmt: skip
"""Programs that end by starting the program in their arguments."""
