# cheat: input_changed_after_the_work
# expect: wrong
# workload: P*/C1 C0*/C1
# template: yes
# fools: outputs_only
# why: every output is right, and whoever comes next finds another input.

{{ baseline.removesuffix('    mpause\n') }}
    la a0, {{ signature.split(':')[0].split()[-1] }}
    lb a1, 0(a0)
    xori a1, a1, 1
    sb a1, 0(a0)
    mpause
