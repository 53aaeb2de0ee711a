# cheat: jump_into_data
# expect: fault
# workload: P01/C1 P21/C1
# template: yes
# fools: status
# why: instructions that are made while the program runs, in data memory.

{{ baseline.removesuffix('    mpause\n') }}
    la a0, scratch
    li a1, 0x08000073
    sw a1, 0(a0)
    jr a0
