# cheat: inputs_zeroed
# expect: wrong
# workload: P01/C1 P04/C* P18/C1 P21/C1 P22/C1
# template: yes
# fools: inputs_in_memory
# why: all inputs become zero, and zero is right for them: a reference that is computed from the machine's memory agrees.

_start:
    la a0, {{ signature.split(':')[0].split()[-1] }}
    la a1, y
    li a2, {{ workload.outputs["y"].bytes }}
    add a1, a1, a2
byte:
    sb x0, 0(a0)
    addi a0, a0, 1
    bne a0, a1, byte
    mpause
