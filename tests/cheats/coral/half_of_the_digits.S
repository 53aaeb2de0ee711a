# cheat: half_of_the_digits
# expect: wrong
# workload: P21/C? P22/C?
# template: yes
# fools: loose
# why: one factor of every product keeps the upper half of its bits: a tolerance made for smaller formats does not see it.

{{ baseline | replace('    flw ft0, 0(a6)\n', '    lhu t3, 2(a6)
    slli t3, t3, 16
    fmv.w.x ft0, t3\n') }}
