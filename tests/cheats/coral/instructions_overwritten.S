# cheat: instructions_overwritten
# expect: fault
# workload: P01/C1 P21/C1
# template: yes
# fools: status
# why: a program that changes itself is not the one that was looked at.

{{ baseline.removesuffix('    mpause\n') }}
    la a0, _start
    li a1, 0x08000073
    sw a1, 0(a0)
    fence.i
    mpause
