# cheat: idle
# expect: wrong
# workload: *
# fools: stale
# why: memory that is not cleared still holds the answer of the kernel before.

    mpause
