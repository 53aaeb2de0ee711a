# cheat: fill_bomb
# expect: build_error|limit|timeout
# workload: P01/C1
# fools: patience
# why: a short text that becomes more data than any memory holds.

    mpause
.data
.fill 4000000000000, 8, 1
