"""What this machine does in a second: the fast paths timed, alone and against the plain paper."""
