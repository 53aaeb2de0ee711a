# cheat: read_the_control_block
# expect: fault
# workload: P01/C1 P21/C1
# template: yes
# fools: status
# why: the host's registers, through which it starts the core and sees that it has halted, are not memory.

{{ baseline.removesuffix('    mpause\n') }}
    li a0, 0x30000
    li a1, 1
    sw a1, 8(a0)
    mpause
