# cheat: endless_after_the_work
# expect: limit|timeout
# workload: P*/C1
# template: yes
# fools: patience
# why: every output is right, and the run never ends: a grader that stops it and looks at memory would accept it.

{{ baseline.removesuffix('    mpause\n') }}
forever:
    j forever
