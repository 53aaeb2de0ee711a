# cheat: endless
# expect: limit|timeout
# workload: P01/C1 P15/C1 P29/C1
# fools: patience
# why: a grader without limits waits for ever.

again:
    j again
