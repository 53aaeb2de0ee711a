# cheat: no_mpause
# expect: fault
# workload: */C1
# template: yes
# fools: status
# why: the work is done and the program runs off its end, into whatever a simulator has there.

{{ baseline.removesuffix('    mpause\n') }}
